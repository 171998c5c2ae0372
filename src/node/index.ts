export { type CellHost, localHost } from "./control/cell-host.ts";
export { Journal } from "./control/journal.ts";
export { KeptHost } from "./control/kept-host.ts";
export { createNodeRuntime, type NodeRuntimeOptions } from "./control/runtime.ts";
export { controlDescriptors } from "./keeper/messages.ts";
export { Supervisor } from "./keeper/supervisor.ts";
export { RuntimeCgroups, type RuntimeCgroupsOptions } from "./control/runtime-cgroups.ts";
export { type ForegroundGuest, runOnce, type RunOnceOptions, type RunOnceResult } from "./run/run-once.ts";
export { dieWithParent } from "./syscall/privileges.ts";
export { type FileSystemMount, mountFileSystem, unmountFileSystem } from "./syscall/mount.ts";
export type {
  CellPlaces,
  CpuShare,
  ExitReason,
  ExitStatus,
  FifoStreams,
  HttpSpec,
  Inspection,
  InspectionSpec,
  KillSignal,
  ListenerSpec,
  MountSpec,
  NetworkGrant,
  NodeRuntime,
  OutputSpec,
  SandboxSpec,
  SandboxView,
  UserSpec,
  WorkloadLimits,
  WorkloadSpec,
  WorkloadState,
  WorkloadStats,
  WorkloadView,
} from "./workload.ts";
