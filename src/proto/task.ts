import {
  bool,
  int32,
  message,
  type MessageValue,
  nested,
  repeatedNested,
  repeatedString,
  string,
  uint32,
} from "./message.ts";
import { Any, Timestamp } from "./well-known.ts";

/**
 * containerd's task service, as far as a shim reads and answers it. The versions 2 and 3 differ in the package's name
 * only: api/runtime/task/v2/shim.proto, api/runtime/task/v3/shim.proto; Mount is api/types/mount.proto and the rest
 * api/types/task/task.proto.
 */

export const Mount = message("containerd.types.Mount", {
  type: string(1),
  source: string(2),
  target: string(3),
  options: repeatedString(4),
});
export type Mount = MessageValue<typeof Mount>;

/** Values of containerd.v1.types.Status. */
export const taskStatus = { created: 1, running: 2, stopped: 3, paused: 4 } as const;

export const CreateTaskRequest = message("containerd.task.v2.CreateTaskRequest", {
  id: string(1),
  bundle: string(2),
  rootfs: repeatedNested(3, Mount),
  terminal: bool(4),
  stdin: string(5),
  stdout: string(6),
  stderr: string(7),
  checkpoint: string(8),
  parentCheckpoint: string(9),
  options: nested(10, Any),
});

/** The runtime's own settings of a task for runc: api/types/runc/options/oci.proto, as far as we write them. */
export const RuncOptions = message("containerd.runc.v1.Options", { systemdCgroup: bool(9) });

/** What a shim prints when it was started, since containerd 2.3: api/runtime/bootstrap/v1/bootstrap.proto. */
export const BootstrapResult = message("containerd.runtime.bootstrap.v1.BootstrapResult", {
  version: int32(1),
  address: string(2),
  protocol: string(3),
});

/** What every request of the service begins with. */
export const TaskReference = message("containerd.task.v2.StateRequest", { id: string(1) });

/** The fields that requests about a task, or a process that was added to it, have in common. */
export const ProcessRequest = message("containerd.task.v2.StateRequest", { id: string(1), execId: string(2) });

export const ExecProcessRequest = message("containerd.task.v2.ExecProcessRequest", {
  id: string(1),
  execId: string(2),
  terminal: bool(3),
  stdin: string(4),
  stdout: string(5),
  stderr: string(6),
  spec: nested(7, Any),
});

export const CloseIoRequest = message("containerd.task.v2.CloseIORequest", {
  id: string(1),
  execId: string(2),
  stdin: bool(3),
});

export const KillRequest = message("containerd.task.v2.KillRequest", {
  id: string(1),
  execId: string(2),
  signal: uint32(3),
  all: bool(4),
});

/** `resources` holds the OCI runtime specification's LinuxResources as JSON. */
export const UpdateTaskRequest = message("containerd.task.v2.UpdateTaskRequest", {
  id: string(1),
  resources: nested(2, Any),
});

export const PidResponse = message("containerd.task.v2.StartResponse", { pid: uint32(1) });

export const DeleteResponse = message("containerd.task.v2.DeleteResponse", {
  pid: uint32(1),
  exitStatus: uint32(2),
  exitedAt: nested(3, Timestamp),
});

export const WaitResponse = message("containerd.task.v2.WaitResponse", {
  exitStatus: uint32(1),
  exitedAt: nested(2, Timestamp),
});

export const StateResponse = message("containerd.task.v2.StateResponse", {
  id: string(1),
  bundle: string(2),
  pid: uint32(3),
  status: int32(4),
  stdin: string(5),
  stdout: string(6),
  stderr: string(7),
  terminal: bool(8),
  exitStatus: uint32(9),
  exitedAt: nested(10, Timestamp),
  execId: string(11),
});

const ProcessInfo = message("containerd.v1.types.ProcessInfo", { pid: uint32(1) });

export const PidsResponse = message("containerd.task.v2.PidsResponse", { processes: repeatedNested(1, ProcessInfo) });

export const StatsResponse = message("containerd.task.v2.StatsResponse", { stats: nested(1, Any) });

export const ConnectResponse = message("containerd.task.v2.ConnectResponse", {
  shimPid: uint32(1),
  taskPid: uint32(2),
  version: string(3),
});
