import { setTimeout as sleep } from "node:timers/promises";

import type { Inventory } from "../containerd/namespaces.ts";
import { readProcesses, sumOf } from "../containerd/process-figures.ts";
import type { ContainerdRig } from "../containerd/rig.ts";

/** All that a rig holds on to, counted. */
interface Holdings extends Inventory {
  readonly ourDescriptors: number;
  readonly containerdDescriptors: number;
  readonly ourMegabytes: number;
}

/** A connection more or less of a process that serves many is no leak; one for each cycle would be. */
const DESCRIPTORS_MORE_MAX = 16;
/** Heaps grow to what their collectors like before they stay: the rest of them is not a cycle's. */
const MEGABYTES_MORE_MAX = 96;

/** What was removed last is gone after so long. */
const SETTLE_MS_MAX = 30_000;
const ASK_AGAIN_MS = 200;
/** Longer than an engine takes from one step of its start to the next, on a machine that is busy too. */
const SETTLED_MS = 500;

export function takeHoldings(rig: ContainerdRig): Holdings {
  const processes = readProcesses(rig.listProcesses());
  return {
    ...rig.countAll(),
    ourDescriptors: sumOf(processes, "descriptors", "ours"),
    containerdDescriptors: sumOf(processes, "descriptors", "containerd"),
    ourMegabytes: Math.round(sumOf(processes, "pssBytes", "ours") / (1024 * 1024)),
  };
}

/** What a rig holds on to once nothing starts any more: an engine that is still starting opens twenty descriptors. */
export async function takeSettledHoldings(rig: ContainerdRig): Promise<Holdings> {
  let holdings = takeHoldings(rig);
  for (const end = Date.now() + SETTLE_MS_MAX; Date.now() < end;) {
    await sleep(SETTLED_MS);
    const now = takeHoldings(rig);
    if (now.ourDescriptors === holdings.ourDescriptors && now.cgroups === holdings.cgroups) return now;
    holdings = now;
  }
  return holdings;
}

/** What a rig holds on to beyond what it held before, in words; waits for what is still being removed. */
export async function findLeaks(rig: ContainerdRig, before: Holdings): Promise<readonly string[]> {
  let leaks = compare(before, takeHoldings(rig));
  for (const end = Date.now() + SETTLE_MS_MAX; leaks.length > 0 && Date.now() < end;) {
    await sleep(ASK_AGAIN_MS);
    leaks = compare(before, takeHoldings(rig));
  }
  return leaks;
}

function compare(before: Holdings, now: Holdings): readonly string[] {
  const names = Object.keys(before) as readonly (keyof Holdings)[];
  return names.flatMap((name) => {
    const more = now[name] - before[name];
    if (more <= allowanceOf(name)) return [];
    return [`left behind: ${name} were ${String(before[name])} and are ${String(now[name])}`];
  });
}

function allowanceOf(name: keyof Holdings): number {
  if (name === "ourMegabytes") return MEGABYTES_MORE_MAX;
  return name.endsWith("Descriptors") ? DESCRIPTORS_MORE_MAX : 0;
}
