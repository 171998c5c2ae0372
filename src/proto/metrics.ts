import { message, nested, uint64 } from "./message.ts";

/**
 * The answers to Stats that containerd's CRI understands, with the fields that it computes from: time of processors,
 * usage and limit of memory, what of it is anonymous, processes, and kills for want of memory.
 * cgroup1/stats/metrics.proto and cgroup2/stats/metrics.proto of containerd/cgroups; which one counts is decided by the
 * host's cgroups.
 */

/** The same in both. */
const pidsFields = { current: uint64(1), limit: uint64(2) };

/** Nanoseconds. */
const CpuUsage = message("io.containerd.cgroups.v1.CPUUsage", { total: uint64(1), user: uint64(3) });
const CpuStatV1 = message("io.containerd.cgroups.v1.CPUStat", { usage: nested(1, CpuUsage) });

const MemoryEntry = message("io.containerd.cgroups.v1.MemoryEntry", { limit: uint64(1), usage: uint64(2) });

const MemoryStatV1 = message("io.containerd.cgroups.v1.MemoryStat", {
  rss: uint64(2),
  activeAnon: uint64(12),
  hierarchicalMemoryLimit: uint64(16),
  totalRss: uint64(19),
  totalActiveAnon: uint64(29),
  usage: nested(33, MemoryEntry),
});

const MemoryOomControl = message("io.containerd.cgroups.v1.MemoryOomControl", { oomKill: uint64(3) });

export const MetricsV1 = message("io.containerd.cgroups.v1.Metrics", {
  pids: nested(2, message("io.containerd.cgroups.v1.PidsStat", pidsFields)),
  cpu: nested(3, CpuStatV1),
  memory: nested(4, MemoryStatV1),
  memoryOomControl: nested(9, MemoryOomControl),
});

const CpuStatV2 = message("io.containerd.cgroups.v2.CPUStat", { usageUsec: uint64(1), userUsec: uint64(2) });

const MemoryStatV2 = message("io.containerd.cgroups.v2.MemoryStat", {
  anon: uint64(1),
  activeAnon: uint64(12),
  usage: uint64(32),
  usageLimit: uint64(33),
});

const MemoryEvents = message("io.containerd.cgroups.v2.MemoryEvents", {
  max: uint64(3),
  oom: uint64(4),
  oomKill: uint64(5),
});

export const MetricsV2 = message("io.containerd.cgroups.v2.Metrics", {
  pids: nested(1, message("io.containerd.cgroups.v2.PidsStat", pidsFields)),
  cpu: nested(2, CpuStatV2),
  memory: nested(4, MemoryStatV2),
  memoryEvents: nested(8, MemoryEvents),
});
