import { outboundLimits } from "../outbound/limits.ts";
import type { ServiceTarget } from "../outbound/outbound-sockets.ts";

/** What an address of MySQL says. */
export interface MysqlAddress extends ServiceTarget {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly isSecured: boolean;
}

const portDefault = 3306;

/** Parameters of Spin's client that concern its pool and its memory, and say nothing of where to connect to. */
const ignoredParameters: ReadonlySet<string> = new Set([
  "pool_min",
  "pool_max",
  "inactive_connection_ttl",
  "ttl_check_interval",
  "conn_ttl",
  "abs_conn_ttl",
  "abs_conn_ttl_jitter",
  "tcp_keepalive",
  "tcp_nodelay",
  "stmt_cache_size",
  "max_allowed_packet",
  "wait_timeout",
  "prefer_socket",
  "compression",
]);

/**
 * Reads `mysql://USER:PASSWORD@HOST[:PORT]/DATABASE[?ssl-mode=…]`, as Spin's client does (crate `mysql_async`, and
 * crates/factor-outbound-mysql/src/client.rs); answers with why a text is none.
 */
export function parseMysqlAddress(text: string): MysqlAddress | string {
  if (text.length > outboundLimits.addressLengthMax || !URL.canParse(text)) return "invalid address";
  const url = new URL(text);
  if (url.protocol !== "mysql:") return `URL scheme \`${url.protocol.slice(0, -1)}' is not supported`;
  if (url.hostname === "") return "invalid address";
  for (const key of url.searchParams.keys()) {
    if (!isTlsParameter(key) && !ignoredParameters.has(key)) return `unknown URL parameter \`${key}'`;
  }
  try {
    return {
      scheme: "mysql",
      host: url.hostname.replace(/^\[(?<address>.*)\]$/u, "$<address>"),
      port: url.port === "" ? portDefault : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      isSecured: [...url.searchParams].some(([key, value]) => isTlsParameter(key) && !/^disabled$/iu.test(value)),
    };
  } catch {
    // A percent sign that begins nothing.
    return "invalid address";
  }
}

function isTlsParameter(key: string): boolean {
  return /^ssl-?mode$/iu.test(key);
}
