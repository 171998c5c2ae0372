import { annotations, parseOutboundHosts } from "#api";
import { KwasmError } from "#base";
import type { NetworkGrant, SandboxSpec } from "#node";

import type { Bundle } from "./bundle.ts";

/** Files by which names are found. A guest that could write to them could send a name that it may use anywhere. */
export const resolverFiles: readonly string[] = ["/etc/resolv.conf", "/etc/hosts"];

/**
 * What a container's guests may do with the network of their pod, by what the pod says unless `outbound` is given;
 * undefined where that is nothing.
 */
export function networkGrantOf(
  { annotations: own, mounts, network }: Bundle,
  outbound = parseOutboundHosts(own[annotations.allowedOutboundHosts]),
): NetworkGrant | undefined {
  if (outbound.length === 0) return undefined;
  const [resolvConfPath, hostsPath] = resolverFiles.map(
    (path) => mounts.findLast(({ destination }) => destination === path)?.source,
  );
  if (network.kind === "own" && resolvConfPath === undefined) return { outbound, binds: [], ...noFiles };
  return {
    outbound,
    binds: [],
    ...(resolvConfPath === undefined ? {} : { resolvConfPath }),
    ...(hostsPath === undefined ? {} : { hostsPath }),
  };
}

/** A network of its own has not the machine's name servers. */
const noFiles = { resolvConfPath: "/dev/null", hostsPath: "/dev/null" };

/**
 * Sockets of a pod's container belong into the network of the pod's sandbox. The path that the container itself names
 * leads through `/proc` to a process that a virtual sandbox does not have.
 */
export function placeOf(
  listeners: SandboxSpec["listeners"],
  network: Bundle["network"],
  grant: NetworkGrant | undefined,
): Pick<SandboxSpec, "listeners" | "networkNamespace"> {
  const needsNetwork = listeners.length > 0 || grant !== undefined;
  if (network.kind === "host" || !needsNetwork) return { listeners };
  if (network.path !== undefined) return { listeners, networkNamespace: network.path };
  throw new KwasmError(
    "unsupported",
    "open the ports of a container: it asks for a network of its own that nobody made; run it with --net-host or in a pod",
  );
}
