import type { HostInterface } from "../../component/index.ts";
import type { P2Context } from "../../p2/context.ts";
import { lookUpInterface } from "./ip-name-lookup.ts";
import { tcpFunctions, tcpResource } from "./tcp.ts";
import { udpFunctions, udpResource } from "./udp.ts";

/** The interfaces of `wasi:sockets`, by name without package and version. */
export function socketInterfaces(context: P2Context): Readonly<Record<string, HostInterface>> {
  return {
    types: {
      functions: { ...tcpFunctions(context), ...udpFunctions(context) },
      resources: { "tcp-socket": tcpResource, "udp-socket": udpResource },
    },
    "ip-name-lookup": lookUpInterface(context.network),
  };
}
