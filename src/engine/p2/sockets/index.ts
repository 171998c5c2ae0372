import type { HostInterface } from "../../component/index.ts";
import type { GuestNetwork } from "../../host/index.ts";
import { lookUpInterface } from "./ip-name-lookup.ts";
import { tcpCreateInterface, tcpInterface } from "./tcp.ts";
import { udpCreateInterface, udpInterface } from "./udp.ts";

/** The interfaces of `wasi:sockets`, by name without package and version. A guest has one network, which is the given. */
export function socketInterfaces(network: GuestNetwork): Readonly<Record<string, HostInterface>> {
  return {
    // Nothing that fails here has an error of a stream behind it that would say more.
    network: { functions: { "network-error-code": () => undefined }, resources: { network: {} } },
    "instance-network": { functions: { "instance-network": () => ({}) }, resources: {} },
    "ip-name-lookup": lookUpInterface(network),
    tcp: tcpInterface,
    "tcp-create-socket": tcpCreateInterface(network),
    udp: udpInterface,
    "udp-create-socket": udpCreateInterface(network),
  };
}
