import { CancellableAnswer, type HostInterface } from "../../component/index.ts";
import { type GuestNetwork, HostError } from "../../host/index.ts";
import { asciiNameOf } from "../../p2/sockets/ip-name-lookup.ts";
import { type IpAddressValue, ipAddressValueOf } from "../../p2/sockets/socket-address.ts";
import { attemptLater, lookUpErrorCode } from "./error-code.ts";

/** `wasi:sockets/ip-name-lookup`. */
export function lookUpInterface(network: GuestNetwork): HostInterface {
  return { functions: { "resolve-addresses": (name: string) => resolve(network, name) }, resources: {} };
}

function resolve(network: GuestNetwork, text: string): CancellableAnswer {
  const ended = new AbortController();
  const answer = attemptLater(async () => lookUp(network, text, ended.signal), lookUpErrorCode);
  return new CancellableAnswer(answer, () => ended.abort());
}

/** At least one. */
async function lookUp(network: GuestNetwork, text: string, signal: AbortSignal): Promise<readonly IpAddressValue[]> {
  const found = await network.lookUp(asciiNameOf(text), signal);
  if (found.length === 0) throw new HostError("name-unresolvable", "look up a name: it has no addresses");
  return found.map(ipAddressValueOf);
}
