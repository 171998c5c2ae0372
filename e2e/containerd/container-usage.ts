import assert from "node:assert/strict";

import { askUntil } from "./ask-until.ts";
import type { ContainerStats } from "./cri-messages.ts";
import type { ContainerdRig } from "./rig.ts";

/** What CRI says that a container has used. */
export interface Usage {
  readonly cpuNs: bigint;
  readonly memoryBytes: bigint;
  readonly availableBytes: bigint;
}

export async function readUsage(rig: ContainerdRig, containerId: string): Promise<Usage> {
  const { stats } = await rig.cri.call("RuntimeService/ContainerStats", { containerId });
  assert.ok(stats, containerId);
  return usageOf(stats);
}

export function usageOf({ cpu, memory }: ContainerStats): Usage {
  return {
    cpuNs: cpu?.usageCoreNanoSeconds?.value ?? 0n,
    memoryBytes: memory?.workingSetBytes?.value ?? 0n,
    availableBytes: memory?.availableBytes?.value ?? 0n,
  };
}

/** Resolves once the container has computed more than it had. */
export async function waitForGrowth(rig: ContainerdRig, id: string, { cpuNs }: Usage): Promise<Usage> {
  return askUntil(`the work of container "${id}"`, async () => {
    const usage = await readUsage(rig, id);
    return usage.cpuNs > cpuNs ? usage : undefined;
  });
}
