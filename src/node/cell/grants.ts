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

export function openGrants(order: GuestOrder, descriptors: readonly number[]): Grants {
  function at(place: number): number {
    const descriptor = descriptors[place];
    if (descriptor === undefined) {
      throw new KwasmError("corrupt", `open grant ${String(place)}: it was not handed over`);
    }
    return descriptor;
  }
  try {
    const budget = new DescriptorBudget(FILES_OPEN_MAX);
    const stdin = order.stdinDescriptor === undefined ? undefined : inputFromFd(at(order.stdinDescriptor));
    const stdout = order.stdoutDescriptor === undefined ? undefined : outputFromFd(at(order.stdoutDescriptor));
    const stderr = order.stderrDescriptor === undefined ? undefined : outputFromFd(at(order.stderrDescriptor));
    const preopens = openMounts(order, at, budget);
    const listeners = order.listenerDescriptors.map((place) => listenerFromFd(at(place)));
    const streams = { ...(stdin && { stdin }), ...(stdout && { stdout }), ...(stderr && { stderr }) };
    return {
      moduleFd: at(order.moduleDescriptor),
      config: { args: order.args, env: order.env, ...streams, preopens, listeners, budget },
      flush: async () => void (await Promise.all([stdout?.flush(), stderr?.flush()])),
      close() {
        for (const handle of [stdin, stdout, stderr, ...preopens, ...listeners]) handle?.close();
      },
    };
  } catch (error) {
    for (const descriptor of descriptors) closeSync(descriptor);
    throw error;
  }
}

/** Absolute guest paths make one tree, as a container's file system; each relative one is a grant of its own. */
function openMounts(order: GuestOrder, at: (place: number) => number, budget: DescriptorBudget): MountTree[] {
  const mounts = order.mounts.map(({ guestPath, descriptor, readOnly }) => ({
    guestPath,
    fd: at(descriptor),
    readOnly,
  }));
  const absolute = mounts.filter(({ guestPath }) => guestPath.startsWith("/"));
  const relative = mounts.filter(({ guestPath }) => !guestPath.startsWith("/"));
  const trees = relative.map((mount) => openDirectoryGrant(mount, budget));
  return absolute.length === 0 ? trees : [openMountTree(absolute, budget), ...trees];
}
