import { type Any, MetricsV1, MetricsV2, packAny, taskStatus, timestampOf } from "#proto";

import { type Task, TASK_PID, type TaskExit, type TaskMemory } from "./task.ts";

/** The kind of cgroups that the host has: containerd reads the metrics of that kind and refuses the other. */
export type CgroupVersion = "v1" | "v2";

/** State's answer, from which containerd also learns after its own restart where the streams are. */
export function stateOf(task: Task) {
  return {
    id: task.id,
    bundle: task.bundle,
    pid: TASK_PID,
    status: taskStatus[task.status],
    ...task.streams,
    ...exitFields(task.exit),
  };
}

/** The fields that the answers to State, Wait and Delete and two events have in common; none before the exit. */
export function exitFields(exit: TaskExit | undefined) {
  return exit === undefined ? {} : { exitStatus: exit.code, exitedAt: timestampOf(exit.atMs) };
}

/** containerd subtracts the inactive file pages from the usage; a guest's memory has none. */
export function metricsOf(memory: TaskMemory, exit: TaskExit | undefined, cgroups: CgroupVersion): Any {
  const usage = BigInt(memory.usageBytes);
  const limit = BigInt(memory.limitBytes);
  const kills = exit?.isOutOfMemory === true ? 1n : 0n;
  if (cgroups === "v2") {
    return packAny(MetricsV2, {
      memory: { anon: usage, usage, usageLimit: limit },
      memoryEvents: { oom: kills, oomKill: kills },
    });
  }
  return packAny(MetricsV1, {
    memory: { rss: usage, totalRss: usage, usage: { limit, usage } },
    memoryOomControl: { oomKill: kills },
  });
}
