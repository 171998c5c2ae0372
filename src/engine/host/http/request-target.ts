import { HostError, type HostErrorCode } from "../host-error.ts";
import type { RequestHead } from "./exchange.ts";
import { type HttpErrorCode, HttpFailure } from "./http-failure.ts";

/** Where a request goes to. */
export interface RequestTarget {
  readonly scheme: "http" | "https";
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Host and port as the request names them. */
  readonly authority: string;
}

const portsOfSchemes = { http: 80, https: 443 } as const;

/** Throws an HttpFailure for what cannot be asked. */
export function targetOf({ scheme, authority }: RequestHead): RequestTarget {
  if (scheme !== "http" && scheme !== "https") {
    throw new HttpFailure({ tag: "HTTP-protocol-error" }, `send a request: "${scheme}" is not spoken`);
  }
  const withoutUser = authority?.slice(authority.lastIndexOf("@") + 1) ?? "";
  const { host, port = portsOfSchemes[scheme] } = hostAndPort(withoutUser);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new HttpFailure({ tag: "HTTP-request-URI-invalid" }, `send a request to "${authority}"`);
  }
  return { scheme, host, port, authority: withoutUser };
}

const authorityPattern = /^(?:\[(?<address>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d*))?$/;

function hostAndPort(authority: string): { readonly host?: string | undefined; readonly port?: number } {
  const { address, name, port } = authorityPattern.exec(authority)?.groups ?? {};
  const host = address ?? name;
  return port === undefined || port === "" ? { host } : { host, port: Number(port) };
}

/** Why there is no connection, in the words of HTTP; a code that is not here is told by the system's error. */
const codesOfHost: Partial<Readonly<Record<HostErrorCode, HttpErrorCode>>> = {
  access: { tag: "HTTP-request-denied" },
  "destination-prohibited": { tag: "destination-IP-prohibited" },
  "name-unresolvable": { tag: "DNS-error", value: { rcode: "NXDOMAIN" } },
  "permanent-resolver-failure": { tag: "DNS-error", value: {} },
  "temporary-resolver-failure": { tag: "DNS-timeout" },
  "connection-refused": { tag: "connection-refused" },
  "connection-reset": { tag: "connection-terminated" },
  "connection-aborted": { tag: "connection-terminated" },
  "timed-out": { tag: "connection-timeout" },
  unreachable: { tag: "destination-unavailable" },
  "too-many-open-files": { tag: "connection-limit-reached" },
  invalid: { tag: "HTTP-request-URI-invalid" },
};

export function failureOfConnection(thrown: unknown): HttpFailure {
  const isOfHost = thrown instanceof HostError && !(thrown instanceof HttpFailure);
  if (!isOfHost) return HttpFailure.from(thrown, "send a request");
  const code = codesOfHost[thrown.code];
  if (code === undefined) return HttpFailure.from(thrown.cause ?? thrown, "send a request");
  return new HttpFailure(code, thrown.message, { cause: thrown });
}
