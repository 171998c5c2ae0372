import { KwasmError } from "#base";
import { isLiteral, parseTemplate } from "../variables/template.ts";
import { shown } from "../table.ts";

/** What a scheme means where an entry names no port; others have to name one. */
const portsOfSchemes: ReadonlySet<string> = new Set(["postgres", "mysql", "redis", "mqtt", "http", "https"]);

/** Where a component may connect to. */
export interface OutboundHosts {
  /** Rules of the engine's list, `SCHEME://HOST:PORT`. */
  readonly rules: readonly string[];
  /** Schemes by which it may ask its own application, whatever that is called; `*` is every one. */
  readonly selfSchemes: readonly string[];
}

/**
 * Reads `allowed_outbound_hosts` as Spin does (crates/outbound-networking-config/src/allowed_hosts.rs). Templates are
 * expanded before. Throws `invalid-argument` that names the entry.
 */
export function parseOutboundHosts(entries: readonly string[]): OutboundHosts {
  const parsed = entries.map(parseEntry);
  return {
    rules: parsed.filter(({ isSelf }) => !isSelf).map(({ rule }) => rule),
    // Spin: a host of `*` lets a component ask its own application too.
    selfSchemes: parsed.filter(({ isSelf, host }) => isSelf || host === "*").map(({ scheme }) => scheme),
  };
}

/** Checks those entries that can be checked before variables have values. */
export function checkOutboundHosts(entries: readonly string[]): void {
  parseOutboundHosts(entries.filter((entry) => isLiteral(parseTemplate(entry))));
}

interface Entry {
  readonly scheme: string;
  readonly host: string;
  readonly isSelf: boolean;
  readonly rule: string;
}

function parseEntry(original: string): Entry {
  const text = original.trim();
  const separator = text.indexOf("://");
  if (separator < 0) throw refuse(text, "write it with a scheme, as https://example.com or *://example.com:80");
  const [scheme, rest] = [text.slice(0, separator), text.slice(separator + 3)];
  if (scheme !== "*" && !/^\p{Alphabetic}+$/u.test(scheme)) throw refuse(text, "its scheme has to be letters, or *");
  const { host: written, port } = splitPort(rest);
  const [portText = "", path = ""] = port.split(/\/(.*)/su);
  if (path !== "") throw refuse(text, "leave the path out");
  const host = parseHost(written.trim(), text);
  const isSelf = host === "self" || host === "self.alt";
  return { scheme, host, isSelf, rule: `${scheme}://${bracketed(host)}${parsePort(portText, scheme, text)}` };
}

/** The last colon ends the host, but not one within the brackets of an address of IPv6. */
function splitPort(rest: string): { readonly host: string; readonly port: string } {
  const colon = rest.lastIndexOf(":");
  return colon < rest.lastIndexOf("]") || colon < 0
    ? { host: rest, port: "" }
    : { host: rest.slice(0, colon), port: rest.slice(colon + 1) };
}

const blockPattern = /^(?:\d+(?:\.\d+){3}|\[?[\da-fA-F:.]*:[\da-fA-F:.]*\]?)(?:\/\d+)?$/;

function parseHost(host: string, text: string): string {
  if (host === "*" || blockPattern.test(host)) return host;
  if (host.startsWith("{")) throw refuse(text, "lists of hosts are not supported; write an entry for each");
  const [name = "", path = ""] = host.split(/\/(.*)/su);
  if (path.replaceAll("/", "") !== "") throw refuse(text, "leave the path out");
  const isWild = name.replace(/^\*\./u, "").includes("*");
  if (isWild) throw refuse(text, "* stands alone, or for a subdomain as *.example.com");
  if (name === "") throw refuse(text, "it names no host");
  return name;
}

function bracketed(host: string): string {
  if (!host.includes(":") || host.startsWith("[")) return host;
  const [address = "", prefix] = host.split("/");
  return prefix === undefined ? `[${address}]` : `[${address}]/${prefix}`;
}

/** Spin's ranges are without their ends: `8000..8003` allows 8000 to 8002. */
function parsePort(port: string, scheme: string, text: string): string {
  if (port === "*") return ":*";
  if (port === "") {
    if (portsOfSchemes.has(scheme)) return "";
    throw refuse(text, `name a port: "${shown(scheme)}" has none of its own`);
  }
  const [first = "", end] = port.split("..");
  if (!isPort(first) || (end !== undefined && !isPort(end))) throw refuse(text, `"${shown(port)}" is no port`);
  if (end === undefined) return `:${String(Number(first))}`;
  if (Number(first) >= Number(end)) throw refuse(text, `"${shown(port)}" is an empty range`);
  return `:${String(Number(first))}..${String(Number(end) - 1)}`;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/u.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function refuse(text: string, advice: string): KwasmError {
  return new KwasmError("invalid-argument", `allow outbound host "${shown(text)}": ${advice}`);
}

/**
 * What `allowed_http_hosts` of old manifests mean: a host by HTTP and HTTPS, on the port that is named or else on their
 * own (crates/manifest/src/compat.rs of Spin).
 */
export function outboundHostsOfHttpHosts(hosts: readonly string[]): readonly string[] {
  if (hosts.includes("insecure:allow-all")) return ["http://*:*", "https://*:*"];
  return hosts.flatMap((host) => {
    const scheme = /^(?<scheme>https?):\/\//u.exec(host)?.groups?.["scheme"];
    const place = (scheme === undefined ? host : host.slice(scheme.length + 3)).replace(/\/$/u, "");
    return (scheme === undefined ? ["http", "https"] : [scheme]).map((each) => `${each}://${place}`);
  });
}
