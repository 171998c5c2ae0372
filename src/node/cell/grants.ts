import {
  datagramSocketFromFd,
  DescriptorBudget,
  type GuestNetwork,
  type GuestConfig,
  listenerFromFd,
  type MountTree,
  openDirectoryGrant,
  openMountTree,
  type TerminalSignal,
} from "#engine";

import type { ComponentOrder, GuestOrder } from "../channel/index.ts";
import { flushStreams, openStreams } from "./granted-streams.ts";
import { openNetwork } from "./granted-network.ts";
import { ReceivedDescriptors } from "./received-descriptors.ts";
import type { WantedSockets } from "./wanted-sockets.ts";

/** Descriptors that one guest may hold, as Linux' default soft limit for a process. */
const FILES_OPEN_MAX = 1024;

/** What one guest is given, opened from the descriptors that came with its order. */
export interface Grants {
  readonly moduleFd: number;
  readonly config: Omit<GuestConfig, "thread" | "gate">;
  /** Those of each component of an application. */
  readonly components: readonly ComponentGrants[];
  /** For components, whose version of WASI has sockets; the listeners are those of `config`. */
  readonly network: GuestNetwork;
  /** Resolves when the guest's output has left this process. */
  flush(): Promise<void>;
  /** Closes everything but the modules; for a guest that never ran. */
  close(): void;
}

export interface ComponentGrants {
  readonly order: ComponentOrder;
  readonly moduleFd: number;
  /** Those of its dependencies, in their order. */
  readonly dependencyFds: readonly number[];
  readonly preopens: readonly MountTree[];
  readonly network: GuestNetwork;
}

interface GrantsParts {
  /** Called when a key of the guest's terminal asks for a signal. */
  readonly onSignal: (signal: TerminalSignal) => void;
  readonly sockets: WantedSockets;
}

/** Owns the descriptors, also where it throws: each is closed once, by whoever has it then. */
export function openGrants(
  order: GuestOrder,
  descriptors: readonly number[],
  { onSignal, sockets }: GrantsParts,
): Grants {
  const handover = new ReceivedDescriptors(descriptors);
  const opened: { close(): void }[] = [];
  function keep<Handle extends { close(): void }>(handle: Handle): Handle {
    opened.push(handle);
    return handle;
  }
  try {
    const budget = new DescriptorBudget(FILES_OPEN_MAX);
    const streams = openStreams(order, { take: (place) => handover.take(place), keep, onSignal });
    const preopens = mountGroupsOf(order).map((mounts) => keep(openMounts(mounts, handover, budget)));
    const listeners = order.listeners.map(({ descriptor, protocol }) => {
      const fd = handover.take(descriptor);
      return protocol === "udp" ? keep(datagramSocketFromFd(fd)) : keep(listenerFromFd(fd));
    });
    const network = openNetwork(ownNetworkOf(order), listeners, { sockets, budget });
    const components = (order.application?.components ?? []).map((component) => ({
      order: component,
      moduleFd: handover.take(component.moduleDescriptor),
      dependencyFds: component.dependencies.map(({ moduleDescriptor }) => handover.take(moduleDescriptor)),
      preopens: mountGroupsOf(component).map((mounts) => keep(openMounts(mounts, handover, budget))),
      network: openNetwork(networkOf(order, component), [], { sockets, budget }),
    }));
    return {
      network,
      components,
      moduleFd: handover.take(order.moduleDescriptor),
      config: { args: order.args, env: order.env, ...streams, preopens, listeners, budget },
      flush: () => flushStreams(streams),
      close: () => closeAll(opened),
    };
  } catch (error) {
    closeAll(opened);
    handover.closeRest();
    throw error;
  }
}

function closeAll(handles: readonly { close(): void }[]): void {
  for (const handle of handles) handle.close();
}

/** An application itself connects to its stores and to where it listens to channels. */
function ownNetworkOf(order: GuestOrder): Parameters<typeof openNetwork>[0] {
  if (order.application === undefined) return order;
  const { storage, subscriptions } = order.application;
  const listened = subscriptions.map(({ outbound }) => outbound);
  return networkOf(order, { outbound: [...(storage.outbound ?? []), ...listened] });
}

/** A component, or stores, may connect to where its own rules allow, by the names that the application finds. */
function networkOf({ number, network }: GuestOrder, { outbound = [] }: { readonly outbound?: readonly string[] }) {
  const granted = network === undefined ? {} : { network: { ...network, outbound, binds: [] } };
  return { number, listeners: [], ...granted };
}

type MountOrder = GuestOrder["mounts"][number];

/** Absolute guest paths make one tree, as a container's file system; each relative one is a grant of its own. */
function mountGroupsOf({ mounts }: Pick<GuestOrder, "mounts">): readonly (readonly MountOrder[])[] {
  const absolute = mounts.filter(({ guestPath }) => guestPath.startsWith("/"));
  const relative = mounts.filter(({ guestPath }) => !guestPath.startsWith("/"));
  return [...(absolute.length === 0 ? [] : [absolute]), ...relative.map((mount) => [mount])];
}

function openMounts(orders: readonly MountOrder[], handover: ReceivedDescriptors, budget: DescriptorBudget): MountTree {
  const mounts = orders.map(({ guestPath, descriptor, readOnly }) => {
    return { guestPath, fd: handover.take(descriptor), readOnly };
  });
  const [first] = mounts;
  const isGrant = first !== undefined && !first.guestPath.startsWith("/");
  return isGrant ? openDirectoryGrant(first, budget) : openMountTree(mounts, budget);
}
