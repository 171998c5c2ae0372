import type { HttpExchange } from "#engine";
import type { RouteMatch } from "#spin";

type Variable = readonly [name: string, value: string];

/** Fields that are not a command's: what a client may log in with, and one that libraries take for the proxy to use. */
const hiddenFields: ReadonlySet<string> = new Set(["HTTP_AUTHORIZATION", "HTTP_CONNECTION", "HTTP_PROXY"]);

/** What a value may have that is told as a text. */
const plainText = /^[\t\u0020-\u007e]*$/;

type Asked = Pick<HttpExchange, "request" | "client" | "clientPort" | "protocol">;

interface WagiRequest {
  readonly bodyBytes: number;
  /** What the client calls the host; undefined for a component of the application, which is asked by its own name. */
  readonly host: string | undefined;
}

/**
 * The variables of CGI 1.1 (RFC 3875) that a command is told of a request whose body has so many bytes: those of Spin's
 * executor, crates/http/src/wagi/mod.rs and crates/trigger-http/src/wagi.rs of Spin.
 */
export function wagiEnvironment(
  exchange: Asked,
  match: RouteMatch<unknown>,
  { bodyBytes, host }: WagiRequest,
): readonly Variable[] {
  const { request, client, protocol } = exchange;
  const { path, query } = splitTarget(request.pathWithQuery);
  const { name, port } = serverOf(host);
  const fields = new Map(request.fields.map(([field, value]) => [field.toLowerCase(), value]));
  const decoded = decodePercents(match.rest);
  return [
    ["AUTH_TYPE", ""],
    ["CONTENT_LENGTH", String(bodyBytes)],
    ["CONTENT_TYPE", fields.get("content-type") ?? ""],
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["QUERY_STRING", query],
    ["REMOTE_ADDR", client],
    ["REMOTE_HOST", client],
    ["REMOTE_USER", ""],
    ["REQUEST_METHOD", request.method],
    ["SCRIPT_NAME", withoutWildcard(match.basedRoute)],
    ["X_RAW_PATH_INFO", match.rest],
    ["PATH_TRANSLATED", decoded],
    ["SERVER_NAME", name],
    ["SERVER_PORT", port],
    ["SERVER_PROTOCOL", protocol],
    ["SERVER_SOFTWARE", "WAGI/1"],
    ...fieldVariables([...fields, ...(host === undefined ? [] : [["host", host] as const])]),
    ["PATH_INFO", match.rest],
    ["X_FULL_URL", `${request.scheme ?? "http"}://${host ?? "localhost"}${path}${query && `?${query}`}`],
    ["X_MATCHED_ROUTE", match.basedRoute],
    ["X_BASE_PATH", "/"],
    ["X_RAW_COMPONENT_ROUTE", match.rawRoute],
    ["X_COMPONENT_ROUTE", withoutWildcard(match.rawRoute)],
    ["X_CLIENT_ADDR", addressOf(exchange)],
    ...match.named.map(([wild, value]): Variable => [`X_PATH_MATCH_${wild.toUpperCase()}`, value]),
  ];
}

/** Words of a command: `${SCRIPT_NAME}` is the path that was asked for, `${ARGS}` the query with spaces for its `&`. */
export function wagiArguments(argv: string, pathWithQuery: string | undefined): readonly string[] {
  const { path, query } = splitTarget(pathWithQuery);
  // By functions: in a text, a path with "$&" would stand for what was found.
  const filled = argv.replaceAll("${SCRIPT_NAME}", () => path).replaceAll("${ARGS}", () => query.replaceAll("&", " "));
  return filled.split(" ");
}

/** A client of IPv6 is told in brackets. */
export function addressOf({ client, clientPort }: Pick<Asked, "client" | "clientPort">): string {
  return `${client.includes(":") ? `[${client}]` : client}:${String(clientPort)}`;
}

function fieldVariables(fields: readonly Variable[]): Variable[] {
  return fields.flatMap(([field, value]): Variable[] => {
    const name = `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
    return hiddenFields.has(name) ? [] : [[name, plainText.test(value) ? value : "CORRUPT VALUE"]];
  });
}

function splitTarget(target = "/"): { readonly path: string; readonly query: string } {
  const [whole = ""] = target.split("#");
  const mark = whole.indexOf("?");
  return mark < 0 ? { path: whole, query: "" } : { path: whole.slice(0, mark), query: whole.slice(mark + 1) };
}

/** The host that a request names, up to its first colon as there. */
function serverOf(authority = ""): { readonly name: string; readonly port: string } {
  const [name = "", ...rest] = authority.split(":");
  const port = rest.join(":");
  return { name: name === "" ? "default_host" : name, port: port === "" ? "80" : port };
}

function withoutWildcard(route: string): string {
  return route.replace(/\/\.\.\.$/u, "");
}

/** Bytes that are no text are told by the sign for that. */
function decodePercents(text: string): string {
  const latin1 = Buffer.from(text).toString("latin1");
  const bytes = latin1.replaceAll(/%([\da-f]{2})/giu, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}
