import type { SocketOrder } from "../channel/index.ts";
import { SystemCallError } from "../syscall/libc.ts";
import { runInNetworkNamespace } from "../syscall/network-namespace.ts";
import { openSocket } from "../syscall/socket.ts";
import type { NetworkGrant } from "../workload.ts";

interface GuestPlace {
  readonly grant: NetworkGrant | undefined;
  /** A network namespace's file; the host's where it is left out. */
  readonly networkNamespace?: string | undefined;
}

/**
 * Opens a socket that a guest wants, in the network that the guest is in. What it may do with the socket is the
 * engine's to decide, by the rules of its grant; who has no grant gets none, and who may not listen no port of its
 * choice. Throws an error with a system's code.
 */
export function openGuestSocket(order: SocketOrder, { grant, networkNamespace }: GuestPlace): number {
  const isGranted = grant !== undefined && (grant.outbound.length > 0 || grant.binds.length > 0);
  const wantsPort = order.bind !== undefined && order.bind.port !== 0;
  if (!isGranted || (wantsPort && grant.binds.length === 0)) throw new SystemCallError("socket", EACCES);
  if (networkNamespace === undefined) return openSocket(order);
  return runInNetworkNamespace(networkNamespace, () => openSocket(order));
}

const EACCES = 13;
