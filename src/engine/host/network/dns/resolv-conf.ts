import { isHostName, normalHostName } from "../host-name.ts";
import { type IpAddress, parseIpAddress } from "../ip-address.ts";

/** As many as the C library asks (MAXNS of resolv.h), and as Kubernetes gives to pods. */
const nameServersMax = 3;

/** As many domains as Kubernetes gives to pods. */
const searchDomainsMax = 32;

/** Bounds of the options, as resolv.conf(5) has them. */
const optionMax = { ndots: 15, timeout: 30, attempts: 5 } as const;

export interface ResolvConf {
  readonly servers: readonly IpAddress[];
  readonly search: readonly string[];
  /** A name with so many dots is asked for as it is before it is tried in the domains. */
  readonly ndots: number;
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Never by UDP. */
  readonly usesTcp: boolean;
}

const localServer = parseIpAddress("127.0.0.1");

/** Reads resolv.conf(5). Like the C library it passes over what it does not know; what is repeated counts as last said. */
export function parseResolvConf(text: string): ResolvConf {
  const lines = text.split("\n").map((line) =>
    line
      .replace(/[#;].*$/u, "")
      .trim()
      .split(/\s+/u),
  );
  const valuesOf = (word: string): readonly string[][] =>
    lines.filter(([first]) => first === word).map(([, ...rest]) => rest);
  const servers = valuesOf("nameserver").flatMap(([address = ""]) => parseIpAddress(address) ?? []);
  const domains = lines.findLast(([word]) => word === "search" || word === "domain")?.slice(1) ?? [];
  const options = valuesOf("options").flat();
  return {
    servers: servers.length === 0 && localServer !== undefined ? [localServer] : servers.slice(0, nameServersMax),
    search: domains
      .filter(isHostName)
      .flatMap((domain) => normalHostName(domain) ?? [])
      .slice(0, searchDomainsMax),
    ndots: numberOf(options, "ndots", 1),
    timeoutMs: 1_000 * Math.max(1, numberOf(options, "timeout", 5)),
    attempts: Math.max(1, numberOf(options, "attempts", 2)),
    usesTcp: options.includes("use-vc"),
  };
}

/** The names to ask for in turn, without the dot of the root; `isAbsolute` where the name was given with it. */
export function namesToAsk(name: string, isAbsolute: boolean, { search, ndots }: ResolvConf): readonly string[] {
  if (isAbsolute) return [name];
  const inDomains = search.map((domain) => `${name}.${domain}`).filter(isHostName);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...inDomains] : [...inDomains, name];
}

function numberOf(options: readonly string[], name: keyof typeof optionMax, otherwise: number): number {
  const text = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1) ?? "";
  return /^\d{1,9}$/u.test(text) ? Math.min(Number(text), optionMax[name]) : otherwise;
}
