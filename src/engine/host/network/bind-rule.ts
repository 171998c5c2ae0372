import { KwasmError } from "#base";
import { type IpAddress, type IpBlock, isInBlock, parseIpBlock } from "./ip-address.ts";
import { networkRuleLengthMax, networkRulesMax } from "./limits.ts";
import { anyPort, type PortRange, splitPlace } from "./outbound-rule.ts";

/** Where a guest may listen. Port 0 stands for one that the system chooses, and is asked for by that number. */
export interface BindRule {
  /** Missing where the rule is for every address. */
  readonly block: IpBlock | undefined;
  readonly ports: PortRange;
}

/** Reads `ADDR:PORT`. ADDR is an address, a block of them, or `*`, as is left out; PORT is a number, `0` or `*`. */
function parseBindRule(text: string): BindRule {
  const { host, port } = splitPlace(text.slice(0, networkRuleLengthMax + 1));
  const isAny = host === "*" || host === "";
  const block = parseIpBlock(host === "localhost" ? "127.0.0.1" : host);
  const ports = parsePorts(port);
  if (text.length <= networkRuleLengthMax && ports !== undefined && (isAny || block !== undefined)) {
    return { block: isAny ? undefined : block, ports };
  }
  throw new KwasmError(
    "invalid-argument",
    `allow listening on "${text.slice(0, networkRuleLengthMax)}": write ADDR:PORT, such as 127.0.0.1:8080, *:8080 or [::1]:*`,
  );
}

export function parseBindRules(texts: readonly string[]): BindRule[] {
  if (texts.length <= networkRulesMax) return texts.map(parseBindRule);
  throw new KwasmError(
    "limit-exceeded",
    `read "${texts.length}" rules of a network: at most "${networkRulesMax}" are taken`,
  );
}

export function allowsBind({ block, ports }: BindRule, address: IpAddress, port: number): boolean {
  return (block === undefined || isInBlock(address, block)) && port >= ports.first && port <= ports.last;
}

function parsePorts(text: string | undefined): PortRange | undefined {
  if (text === "*") return anyPort;
  const port = /^\d{1,5}$/u.test(text ?? "") ? Number(text) : Number.NaN;
  return port <= 65_535 ? { first: port, last: port } : undefined;
}
