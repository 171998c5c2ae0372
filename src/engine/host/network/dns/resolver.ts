import { randomInt } from "node:crypto";
import { HostError } from "../../host-error.ts";
import type { IpAddress } from "../ip-address.ts";
import type { LookUpAnswer } from "../network.ts";
import type { Question, RecordType, Reply } from "./dns-message.ts";
import { askByTcp, askByUdp, type DnsTransport } from "./exchange.ts";
import { findInHosts } from "./hosts-file.ts";
import { namesToAsk, type ResolvConf } from "./resolv-conf.ts";

/** Look-ups of one guest at once; each has a few sockets. What comes beyond fails as if no server had answered. */
const lookUpsMax = 64;

export interface ResolverParts {
  readonly transport: DnsTransport;
  readonly resolvConf: ResolvConf;
  /** The text of the hosts file. */
  readonly hosts: string;
}

export interface NameToFind {
  readonly name: string;
  /** Given with the dot of the root: no domain is tried. */
  readonly isAbsolute: boolean;
}

/**
 * Finds addresses by the files and servers of the network that a guest is in, as the C library does: the hosts file
 * first, then the servers in their order, in the domains to search. Nothing is kept: whoever answers says how long.
 */
export class Resolver {
  readonly #parts: ResolverParts;
  #underWay = 0;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  async lookUp({ name, isAbsolute }: NameToFind, signal: AbortSignal): Promise<LookUpAnswer> {
    const { hosts, resolvConf } = this.#parts;
    const known = findInHosts(hosts, name);
    if (known.length > 0) return { addresses: known, isFromHostsFile: true };
    if (this.#underWay >= lookUpsMax) throw unanswered(name);
    this.#underWay++;
    try {
      const addresses = await this.#ask(namesToAsk(name, isAbsolute, resolvConf), signal);
      return { addresses, isFromHostsFile: false };
    } finally {
      this.#underWay--;
    }
  }

  /** Those of the first name that has any. A server that does not answer is no proof that a name is not there. */
  async #ask(names: readonly string[], signal: AbortSignal): Promise<readonly IpAddress[]> {
    let isUnanswered = false;
    for (const name of names) {
      const replies = await Promise.all([this.#askFor(name, "A", signal), this.#askFor(name, "AAAA", signal)]);
      const addresses = replies.flatMap((reply) => (reply?.kind === "addresses" ? reply.addresses : []));
      if (addresses.length > 0) return addresses;
      isUnanswered ||= replies.includes(undefined);
      if (signal.aborted) break;
    }
    const [name = ""] = names;
    throw isUnanswered ? unanswered(name) : new HostError("name-unresolvable", `look up "${name}": it has no address`);
  }

  /** Asks the servers in turn, as often as the file says; undefined where none has an answer. */
  async #askFor(name: string, type: RecordType, signal: AbortSignal): Promise<Reply | undefined> {
    const { attempts, servers } = this.#parts.resolvConf;
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const server of servers) {
        const reply = await this.#askServer(server, { id: randomInt(65_536), name, type }, signal);
        if (reply !== undefined && reply.kind !== "failed") return reply;
        if (signal.aborted) return undefined;
      }
    }
    return undefined;
  }

  async #askServer(server: IpAddress, question: Question, signal: AbortSignal): Promise<Reply | undefined> {
    const { transport, resolvConf } = this.#parts;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(resolvConf.timeoutMs)]);
    try {
      const reply = resolvConf.usesTcp
        ? ({ kind: "cut" } as const)
        : await askByUdp(server, question, { transport, signal: limited });
      if (reply?.kind !== "cut") return reply;
      return await askByTcp(server, question, { transport, signal: limited });
    } catch (thrown) {
      // A server that cannot be reached is passed over; the next one may answer.
      HostError.from(thrown, "ask a name server");
      return undefined;
    }
  }
}

function unanswered(name: string): HostError {
  return new HostError("temporary-resolver-failure", `look up "${name}": no name server has answered`);
}
