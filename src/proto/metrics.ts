import { message, nested, uint64 } from "./message.ts";

/**
 * The answers to Stats that containerd's CRI understands, with the fields that it computes from: usage and limit of
 * memory, what of it is anonymous, and kills for want of memory. cgroup1/stats/metrics.proto and
 * cgroup2/stats/metrics.proto of containerd/cgroups; which one counts is decided by the host's cgroups.
 */

const MemoryEntry = message("io.containerd.cgroups.v1.MemoryEntry", { limit: uint64(1), usage: uint64(2) });

const MemoryStatV1 = message("io.containerd.cgroups.v1.MemoryStat", {
  rss: uint64(2),
  totalRss: uint64(19),
  usage: nested(33, MemoryEntry),
});

const MemoryOomControl = message("io.containerd.cgroups.v1.MemoryOomControl", { oomKill: uint64(3) });

export const MetricsV1 = message("io.containerd.cgroups.v1.Metrics", {
  memory: nested(4, MemoryStatV1),
  memoryOomControl: nested(9, MemoryOomControl),
});

const MemoryStatV2 = message("io.containerd.cgroups.v2.MemoryStat", {
  anon: uint64(1),
  usage: uint64(32),
  usageLimit: uint64(33),
});

const MemoryEvents = message("io.containerd.cgroups.v2.MemoryEvents", { oom: uint64(4), oomKill: uint64(5) });

export const MetricsV2 = message("io.containerd.cgroups.v2.Metrics", {
  memory: nested(4, MemoryStatV2),
  memoryEvents: nested(8, MemoryEvents),
});
