import { KwasmError } from "#base";
import { normalHostName } from "./host-name.ts";
import { type IpBlock, parseIpBlock } from "./ip-address.ts";
import { networkRuleLengthMax, networkRulesMax } from "./limits.ts";

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export type HostPattern =
  | { readonly kind: "any" }
  | { readonly kind: "name"; readonly name: string }
  /** Every name that ends so, its leading dot included. */
  | { readonly kind: "below"; readonly suffix: string }
  | { readonly kind: "block"; readonly block: IpBlock };

/** Where a guest may connect to; what is left out of the text is any. */
export interface OutboundRule {
  readonly scheme: string | undefined;
  readonly host: HostPattern;
  readonly ports: PortRange;
}

export const anyPort: PortRange = { first: 0, last: 65_535 };

/** What a rule with a scheme means where it names no port. */
const portsOfSchemes: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  mqtt: 1883,
  mysql: 3306,
  postgres: 5432,
  redis: 6379,
};

/**
 * Reads `[SCHEME://]HOST[:PORT]`. HOST is a name, `*.` and a name, an address, a block of them (`10.0.0.0/8`,
 * `[fd00::]/8`) or `*`; PORT a number, a range (`8000..8999`) or `*`. As in Spin's `allowed_outbound_hosts`, a rule with
 * a scheme that has a port of its own means that port where it names none; other than there, a scheme is not needed.
 */
function parseOutboundRule(text: string): OutboundRule {
  if (text.length > networkRuleLengthMax) {
    throw refuse(text.slice(0, 60), `it has more than ${networkRuleLengthMax} characters`);
  }
  const scheme = /^(?<name>[^:/]*):\/\//u.exec(text)?.groups?.["name"];
  if (scheme !== undefined && !/^(?:\*|[a-z][a-z0-9+.-]*)$/u.test(scheme)) {
    throw refuse(text, `"${scheme}" is no scheme; write one such as https, or *`);
  }
  const place = scheme === undefined ? text : text.slice(scheme.length + 3).replace(/\/$/u, "");
  const { host, port } = splitPlace(place);
  const pattern = parseHost(host);
  if (pattern === undefined) throw refuse(text, `"${host}" is no host; write a name, *.NAME, an address, a block or *`);
  const ports = port === undefined ? defaultPorts(scheme) : parsePorts(port);
  if (ports === undefined) throw refuse(text, `"${port}" is no port; write 1 to 65535, a range as 8000..8999, or *`);
  return { scheme: scheme === "*" ? undefined : scheme, host: pattern, ports };
}

export function parseOutboundRules(texts: readonly string[]): OutboundRule[] {
  if (texts.length <= networkRulesMax) return texts.map(parseOutboundRule);
  throw new KwasmError(
    "limit-exceeded",
    `read "${texts.length}" rules of a network: at most "${networkRulesMax}" are taken`,
  );
}

/** `[v6]:port`, `[v6]/8:port`, a bare address of IPv6, or `host:port`. */
export function splitPlace(place: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[(?<address>[^\]]*)\](?<prefix>\/\d+)?(?::(?<port>.*))?$/u.exec(place)?.groups;
  if (bracketed !== undefined) {
    return { host: `${bracketed["address"] ?? ""}${bracketed["prefix"] ?? ""}`, port: bracketed["port"] };
  }
  if (parseIpBlock(place) !== undefined) return { host: place, port: undefined };
  const colon = place.lastIndexOf(":");
  return colon < 0 ? { host: place, port: undefined } : { host: place.slice(0, colon), port: place.slice(colon + 1) };
}

function parseHost(text: string): HostPattern | undefined {
  if (text === "*") return { kind: "any" };
  const block = parseIpBlock(text);
  if (block !== undefined) return { kind: "block", block };
  const isBelow = text.startsWith("*.");
  const name = normalHostName(isBelow ? text.slice(2) : text);
  if (name === undefined) return undefined;
  return isBelow ? { kind: "below", suffix: `.${name}` } : { kind: "name", name };
}

function defaultPorts(scheme: string | undefined): PortRange {
  const port = Object.hasOwn(portsOfSchemes, scheme ?? "") ? portsOfSchemes[scheme ?? ""] : undefined;
  return port === undefined ? anyPort : { first: port, last: port };
}

function parsePorts(text: string): PortRange | undefined {
  if (text === "*") return anyPort;
  const [first = "", last = first, ...more] = text.split("..");
  const range = { first: parsePort(first), last: parsePort(last) };
  return more.length === 0 && range.first <= range.last ? range : undefined;
}

/** Not a number for what is no port, which no comparison lets through. */
function parsePort(text: string): number {
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
  return port >= 1 && port <= 65_535 ? port : Number.NaN;
}

function refuse(text: string, advice: string): KwasmError {
  return new KwasmError("invalid-argument", `allow connections to "${text}": ${advice}`);
}
