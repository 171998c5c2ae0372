import { outboundLimits } from "../outbound/limits.ts";
import type { ServiceTarget } from "../outbound/outbound-sockets.ts";

/** What an address of Redis says. */
export interface RedisAddress extends ServiceTarget {
  readonly scheme: "redis" | "rediss";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Left out: the one that is there without choosing. */
  readonly database: number | undefined;
  /** Whether any certificate will do. */
  readonly isInsecure: boolean;
}

const portDefault = 6379;

/**
 * Reads `redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][#insecure]`, as the client of Spin does (crate `redis`,
 * src/connection.rs); undefined for what is no such address. Sockets of Unix are none of a guest's.
 */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  if (text.length > outboundLimits.addressLengthMax || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if ((scheme !== "redis" && scheme !== "rediss") || url.hostname === "") return undefined;
  const database = databaseOf(url.pathname);
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (database === "wrong" || user === "wrong" || password === "wrong") return undefined;
  return {
    scheme,
    host: url.hostname.replace(/^\[(?<address>.*)\]$/u, "$<address>"),
    port: url.port === "" ? portDefault : Number(url.port),
    user: user.text,
    password: password.text,
    database: database.number,
    isInsecure: url.hash === "#insecure",
  };
}

function databaseOf(path: string): { readonly number: number | undefined } | "wrong" {
  const text = path.replace(/^\//u, "");
  if (text === "") return { number: undefined };
  return /^\d{1,9}$/u.test(text) ? { number: Number(text) } : "wrong";
}

function decoded(text: string): { readonly text: string | undefined } | "wrong" {
  try {
    return { text: text === "" ? undefined : decodeURIComponent(text) };
  } catch {
    // A percent sign that begins nothing.
    return "wrong";
  }
}
