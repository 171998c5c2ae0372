import { closeSync } from "node:fs";

import { KwasmError } from "#base";
import {
  DescriptorBudget,
  type GuestConfig,
  inputFromFd,
  listenerFromFd,
  type MountTree,
  openDirectoryGrant,
  openMountTree,
  outputFromFd,
} from "#engine";

import type { GuestOrder } from "../channel/index.ts";

/** Descriptors that one guest may hold, as Linux' default soft limit for a process. */
const FILES_OPEN_MAX = 1024;

/** What one guest is given, opened from the descriptors that came with its order. */
export interface Grants {
  readonly moduleFd: number;
  readonly config: Omit<GuestConfig, "thread">;
  /** Resolves when the guest's output has left this process. */
  flush(): Promise<void>;
  /** Closes everything but the module; for a guest that never ran. */
  close(): void;
}

/** Owns the descriptors, also where it throws: each is closed once, by whoever has it then. */
export function openGrants(order: GuestOrder, descriptors: readonly number[]): Grants {
  const handover = new ReceivedDescriptors(descriptors);
  const opened: { close(): void }[] = [];
  function keep<Handle extends { close(): void }>(handle: Handle): Handle {
    opened.push(handle);
    return handle;
  }
  try {
    const budget = new DescriptorBudget(FILES_OPEN_MAX);
    const { stdinDescriptor, stdoutDescriptor, stderrDescriptor } = order;
    const stdin = stdinDescriptor === undefined ? undefined : keep(inputFromFd(handover.take(stdinDescriptor)));
    const stdout = stdoutDescriptor === undefined ? undefined : keep(outputFromFd(handover.take(stdoutDescriptor)));
    const stderr = stderrDescriptor === undefined ? undefined : keep(outputFromFd(handover.take(stderrDescriptor)));
    const preopens = mountGroupsOf(order).map((mounts) => keep(openMounts(mounts, handover, budget)));
    const listeners = order.listenerDescriptors.map((place) => keep(listenerFromFd(handover.take(place))));
    const streams = { ...(stdin && { stdin }), ...(stdout && { stdout }), ...(stderr && { stderr }) };
    return {
      moduleFd: handover.take(order.moduleDescriptor),
      config: { args: order.args, env: order.env, ...streams, preopens, listeners, budget },
      flush: async () => void (await Promise.all([stdout?.flush(), stderr?.flush()])),
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

/** The descriptors of one order, each of which is closed here unless somebody has taken it. */
class ReceivedDescriptors {
  readonly #descriptors: readonly number[];
  readonly #left: Set<number>;

  constructor(descriptors: readonly number[]) {
    this.#descriptors = descriptors;
    this.#left = new Set(descriptors);
  }

  take(place: number): number {
    const descriptor = this.#descriptors[place];
    if (descriptor === undefined) {
      throw new KwasmError("corrupt", `open grant ${String(place)}: it was not handed over`);
    }
    this.#left.delete(descriptor);
    return descriptor;
  }

  closeRest(): void {
    for (const descriptor of this.#left) closeSync(descriptor);
  }
}

type MountOrder = GuestOrder["mounts"][number];

/** Absolute guest paths make one tree, as a container's file system; each relative one is a grant of its own. */
function mountGroupsOf({ mounts }: GuestOrder): readonly (readonly MountOrder[])[] {
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
