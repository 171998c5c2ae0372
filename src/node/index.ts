export { createNodeRuntime, type NodeRuntimeOptions } from "./control/runtime.ts";
export { type ForegroundGuest, runOnce, type RunOnceOptions, type RunOnceResult } from "./run/run-once.ts";
export { type FileSystemMount, mountFileSystem, unmountFileSystem } from "./syscall/mount.ts";
export type {
  ExitReason,
  ExitStatus,
  KillSignal,
  ListenerSpec,
  MountSpec,
  NodeRuntime,
  OutputSpec,
  SandboxSpec,
  SandboxView,
  WorkloadSpec,
  WorkloadState,
  WorkloadStats,
  WorkloadView,
} from "./workload.ts";
