import { domainToASCII } from "node:url";
import type { HostInterface } from "../../component/index.ts";
import { type GuestNetwork, HostError, type IpAddress, isHostName, parseIpAddress } from "../../host/index.ts";
import { ok } from "../calls.ts";
import { Pending } from "./pending.ts";
import { ipAddressValueOf } from "./socket-address.ts";
import { attempt, type SocketAnswer } from "./socket-error.ts";

/** `wasi:sockets/ip-name-lookup#resolve-address-stream`. */
interface Resolving {
  readonly pending: Pending;
  readonly ended: AbortController;
  /** What was found and not given yet, once it is known. */
  found: SocketAnswer<readonly IpAddress[]> | undefined;
  next: number;
}

/** `wasi:sockets/ip-name-lookup`. */
export function lookUpInterface(network: GuestNetwork): HostInterface {
  return {
    functions: {
      "resolve-addresses": (_network: object, name: string) => attempt(() => resolve(network, name)),
      "[method]resolve-address-stream.resolve-next-address": nextAddress,
      "[method]resolve-address-stream.subscribe": ({ pending }: Resolving) => pending.settled,
    },
    resources: { "resolve-address-stream": { drop: ({ ended }: Resolving) => ended.abort() } },
  };
}

function resolve(network: GuestNetwork, text: string): Resolving {
  const name = asciiNameOf(text);
  if (!network.mayLookUp(name)) throw new HostError("access", `look up "${name}": no rule allows it`);
  const resolving: Resolving = { pending: new Pending(), ended: new AbortController(), found: undefined, next: 0 };
  resolving.pending.start("look-up", () => network.lookUp(name, resolving.ended.signal));
  return resolving;
}

/** Names of other scripts in the form in which DNS has them. An address is the answer to itself. */
export function asciiNameOf(text: string): string {
  const isAscii = !/[^\0-\x7f]/u.test(text);
  const name = isAscii ? text : domainToASCII(text);
  if (parseIpAddress(name) !== undefined || isHostName(name)) return name;
  throw new HostError("invalid", `look up "${text.slice(0, 253)}": it is neither a host name nor an address`);
}

function nextAddress(resolving: Resolving): SocketAnswer<object | undefined> {
  resolving.found ??= finished(resolving.pending.finish("look-up"));
  if (resolving.found === undefined) return { tag: "err", value: "would-block" };
  if (resolving.found.tag === "err") return resolving.found;
  const address = resolving.found.value?.[resolving.next++];
  return ok(address && ipAddressValueOf(address));
}

function finished(answer: SocketAnswer<readonly IpAddress[]>): SocketAnswer<readonly IpAddress[]> | undefined {
  return answer.tag === "err" && answer.value === "would-block" ? undefined : answer;
}
