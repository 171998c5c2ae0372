import { outboundLimits } from "../outbound/limits.ts";

/** What a connection string of PostgreSQL says. */
export interface PostgresAddress {
  /** To be tried in this order. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Whether TLS is spoken: where the server speaks it too (`prefer`), always or never. */
  readonly tls: "disable" | "prefer" | "require";
  /** Options of the server's command line. */
  readonly options: string;
  readonly applicationName: string;
}

export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

/** A connection string that cannot be read. */
export class ConnectionStringError extends Error {}

const usedKeys: ReadonlySet<string> = new Set([
  "host",
  "hostaddr",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "options",
  "application_name",
]);

/** Keys that concern sockets and time, and say nothing of where to connect to. */
const ignoredKeys: ReadonlySet<string> = new Set([
  "connect_timeout",
  "tcp_user_timeout",
  "keepalives",
  "keepalives_idle",
  "keepalives_interval",
  "keepalives_retries",
  "target_session_attrs",
  "channel_binding",
  "load_balance_hosts",
]);

const portDefault = 5432;

/**
 * Reads both forms that Spin's client takes (crate `tokio-postgres`, src/config.rs): `postgres://USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE`
 * and `host=HOST user=USER`. Hosts may be several, with commas. Throws a `ConnectionStringError`.
 */
export function parseConnectionString(text: string): PostgresAddress {
  if (text.length > outboundLimits.addressLengthMax) {
    throw new ConnectionStringError("invalid connection string: too long");
  }
  const url = /^postgres(?:ql)?:\/\/(?<rest>.*)$/su.exec(text)?.groups?.["rest"];
  return addressOf(url === undefined ? readPairs(text) : readUrl(url));
}

type Parameters = ReadonlyMap<string, string>;

function addressOf(parameters: Parameters): PostgresAddress {
  for (const key of parameters.keys()) {
    if (!usedKeys.has(key) && !ignoredKeys.has(key)) throw new ConnectionStringError(`unknown option \`${key}\``);
  }
  const user = parameters.get("user");
  if (user === undefined || user === "") throw new ConnectionStringError("invalid configuration: user missing");
  return {
    hosts: hostsOf(parameters),
    user,
    password: parameters.get("password") ?? "",
    database: parameters.get("dbname") || user,
    tls: tlsOf(parameters.get("sslmode")),
    options: parameters.get("options") ?? "",
    applicationName: parameters.get("application_name") ?? "",
  };
}

function hostsOf(parameters: Parameters): readonly PostgresHost[] {
  const hosts = (parameters.get("hostaddr") ?? parameters.get("host") ?? "").split(",");
  const ports = (parameters.get("port") ?? "").split(",").map(portOf);
  if (hosts.includes("")) throw new ConnectionStringError("invalid configuration: host missing");
  if (hosts.some((host) => host.startsWith("/"))) {
    throw new ConnectionStringError("Unix sockets are not supported on WebAssembly");
  }
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new ConnectionStringError("invalid configuration: invalid number of ports");
  }
  return hosts.map((host, at) => ({ host, port: ports[at] ?? ports[0] ?? portDefault }));
}

function portOf(text: string): number {
  if (text === "") return portDefault;
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new ConnectionStringError("invalid value for option `port`");
  return port;
}

function tlsOf(mode = "prefer"): PostgresAddress["tls"] {
  if (mode === "disable" || mode === "prefer" || mode === "require") return mode;
  throw new ConnectionStringError("invalid value for option `sslmode`");
}

function readUrl(rest: string): Parameters {
  const { user, password, hosts, database, query } =
    /^(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/?]*)(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/su.exec(
      rest,
    )?.groups ?? {};
  const parameters = new Map<string, string>();
  const set = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") parameters.set(key, decoded(value));
  };
  set("user", user);
  set("password", password);
  set("dbname", database);
  const places = (hosts ?? "").split(",").map(splitPlace);
  set("host", places.map(({ host }) => host).join(","));
  if (places.some(({ port }) => port !== "")) set("port", places.map(({ port }) => port).join(","));
  for (const pair of query === undefined || query === "" ? [] : query.split("&")) {
    const [key = "", value = ""] = pair.split(/=(.*)/su);
    parameters.set(decoded(key), decoded(value));
  }
  return parameters;
}

function splitPlace(place: string): { readonly host: string; readonly port: string } {
  const {
    address,
    name,
    port = "",
  } = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>.*))?$/su.exec(place)?.groups ?? {};
  const host = address ?? name;
  if (host === undefined) throw new ConnectionStringError("invalid connection string: unexpected host");
  return { host, port };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConnectionStringError("invalid connection string: invalid percent encoding");
  }
}

const pairPattern = /\s*(?<key>[^\s=]+)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<plain>(?:[^\s'\\]|\\.)*))(?=\s|$)/suy;

function readPairs(text: string): Parameters {
  const parameters = new Map<string, string>();
  const end = text.trimEnd().length;
  pairPattern.lastIndex = 0;
  while (pairPattern.lastIndex < end) {
    const { key, quoted, plain } = pairPattern.exec(text)?.groups ?? {};
    if (key === undefined) throw new ConnectionStringError("invalid connection string: unexpected EOF");
    parameters.set(key, (quoted ?? plain ?? "").replaceAll(/\\(.)/gsu, "$1"));
  }
  return parameters;
}
