import { type Any, type MessageValue, MetricsV1, MetricsV2, packAny, taskStatus, timestampOf } from "#proto";

import { type Task, TASK_PID, type TaskExit, type TaskProcess } from "./task.ts";

/** The kind of cgroups that the host has: containerd reads the metrics of that kind and refuses the other. */
export type CgroupVersion = "v1" | "v2";

/** State's answer, from which containerd also learns after its own restart where the streams are. */
export function stateOf({ id, bundle }: Task, process: TaskProcess, execId: string) {
  return {
    id,
    execId,
    bundle,
    pid: TASK_PID,
    status: taskStatus[process.status],
    ...process.streams,
    ...exitFields(process.exit),
  };
}

/** The fields that the answers to State, Wait and Delete and two events have in common; none before the exit. */
export function exitFields(exit: TaskExit | undefined) {
  return exit === undefined ? {} : { exitStatus: exit.code, exitedAt: timestampOf(exit.atMs) };
}

/** containerd subtracts the inactive file pages from the usage; a guest's memory has none. */
export function metricsOf(task: Pick<Task, "usage" | "exit" | "status">, cgroups: CgroupVersion): Any {
  const { cpuNanoseconds, memoryBytes, memoryBytesMax } = task.usage();
  const amounts: Amounts = {
    cpuNs: BigInt(cpuNanoseconds),
    usage: BigInt(memoryBytes),
    limit: BigInt(memoryBytesMax),
    kills: task.exit?.isOutOfMemory === true ? 1n : 0n,
    processes: task.status === "running" || task.status === "paused" ? 1n : 0n,
  };
  return cgroups === "v2" ? packAny(MetricsV2, metricsV2Of(amounts)) : packAny(MetricsV1, metricsV1Of(amounts));
}

interface Amounts {
  readonly cpuNs: bigint;
  readonly usage: bigint;
  readonly limit: bigint;
  readonly kills: bigint;
  readonly processes: bigint;
}

/** All of a guest's time is its own: what the kernel does for it is done by its cell. */
function metricsV1Of({ cpuNs, usage, limit, kills, processes }: Amounts): MessageValue<typeof MetricsV1> {
  const memory = { rss: usage, activeAnon: usage, hierarchicalMemoryLimit: limit };
  return {
    pids: { current: processes, limit: 0n },
    cpu: { usage: { total: cpuNs, user: cpuNs } },
    memory: { ...memory, totalRss: usage, totalActiveAnon: usage, usage: { limit, usage } },
    memoryOomControl: { oomKill: kills },
  };
}

function metricsV2Of({ cpuNs, usage, limit, kills, processes }: Amounts): MessageValue<typeof MetricsV2> {
  // Rounded up: whatever has computed at all shows it.
  const cpuUs = (cpuNs + 999n) / 1000n;
  return {
    pids: { current: processes, limit: 0n },
    cpu: { usageUsec: cpuUs, userUsec: cpuUs },
    memory: { anon: usage, activeAnon: usage, usage, usageLimit: limit },
    memoryEvents: { max: kills, oom: kills, oomKill: kills },
  };
}
