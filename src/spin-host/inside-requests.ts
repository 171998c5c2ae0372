import { type ChooseInside, type ChooseProgram, type GuestNetwork, HttpFailure, type RequestHead } from "#engine";
import type { ComponentFacts } from "#spin";
import { routeRequest, type ServedComponent } from "./route-request.ts";

/** Below it, each component has its name: crates/outbound-networking-config/src/allowed_hosts.rs of Spin. */
const chainingDomain = ".spin.internal";

/** For SDKs that cannot ask without a host, the application itself. */
const selfName = "self.alt";

/** What components are told as the addresses of those who asked from inside. */
const chainedClient = "0.0.0.0";
const selfClient = "127.0.0.1";

interface InsideParts {
  readonly facts: Pick<ComponentFacts, "selfSchemes">;
  /** Says which names the component may ask for. */
  readonly network: GuestNetwork;
  /** All components that have a trigger, private ones too. */
  readonly served: ReadonlyMap<string, ServedComponent>;
  readonly choosePublic: ChooseProgram;
  /** Where the application is served, as host and port. */
  readonly ownAuthority: string;
}

/** Finds which of a component's requests its own application answers, as Spin does, and by what. */
export function chooseInsideOf(parts: InsideParts): ChooseInside {
  return (head) => {
    const { host, port } = placeOf(head.authority);
    if (host === "" || host === selfName) return askSelf(head, parts);
    return host.endsWith(chainingDomain) ? askComponent(head, { host, port }, parts) : undefined;
  };
}

/** A request without a host is the application's own, by whatever route it finds. */
function askSelf(head: RequestHead, { facts, choosePublic, ownAuthority }: InsideParts): ReturnType<ChooseInside> {
  const isAllowed = facts.selfSchemes.some((scheme) => ["*", "http", "https"].includes(scheme));
  if (!isAllowed) throw denied('its own application; allow "http://self"');
  return {
    head: { ...head, scheme: "http", authority: ownAuthority, pathWithQuery: pathOf(head) },
    client: selfClient,
    choose: choosePublic,
  };
}

interface Place {
  readonly host: string;
  readonly port: number | undefined;
}

/** One component, whatever its routes are. */
function askComponent(head: RequestHead, { host, port }: Place, parts: InsideParts): ReturnType<ChooseInside> {
  const scheme = head.scheme ?? "https";
  const target = { host, scheme, port: port ?? (scheme === "https" ? 443 : 80) };
  if (!parts.network.mayAskFor(target)) throw denied(`"${host}"`);
  const component = parts.served.get(host.slice(0, -chainingDomain.length));
  if (component === undefined) {
    throw new HttpFailure(
      { tag: "destination-not-found" },
      `send a request: "${host}" has no trigger in its application`,
    );
  }
  const pathWithQuery = pathOf(head);
  return {
    head: { ...head, scheme: "http", pathWithQuery },
    client: chainedClient,
    choose: (exchange) => routeRequest(component, exchange, wholeMatch(pathWithQuery), undefined),
  };
}

/** Whoever asks a component by its name is taken as if its route were for every path. */
function wholeMatch(pathWithQuery: string) {
  const path = pathWithQuery.replace(/[?#].*$/su, "");
  return { target: undefined, rawRoute: "/...", basedRoute: "/...", rest: path, named: [] };
}

function placeOf(authority = ""): Place {
  const { host = "", port = "" } = /^(?<host>[^:]*)(?::(?<port>\d{1,5}))?$/u.exec(authority)?.groups ?? {
    host: authority,
  };
  return { host, port: port === "" ? undefined : Number(port) };
}

function pathOf({ pathWithQuery = "/" }: RequestHead): string {
  return pathWithQuery.startsWith("/") ? pathWithQuery : `/${pathWithQuery}`;
}

function denied(whom: string): HttpFailure {
  return new HttpFailure(
    { tag: "HTTP-request-denied" },
    `send a request to ${whom}: allowed_outbound_hosts does not allow it`,
  );
}
