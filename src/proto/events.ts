import { bool, message, nested, repeatedNested, string, uint32 } from "./message.ts";
import { Mount } from "./task.ts";
import { Any, Timestamp } from "./well-known.ts";

/**
 * What a shim tells containerd: api/events/task.proto, api/types/event.proto and
 * api/services/ttrpc/events/v1/events.proto.
 */

const TaskIo = message("containerd.events.TaskIO", {
  stdin: string(1),
  stdout: string(2),
  stderr: string(3),
  terminal: bool(4),
});

export const TaskCreate = message("containerd.events.TaskCreate", {
  containerId: string(1),
  bundle: string(2),
  rootfs: repeatedNested(3, Mount),
  io: nested(4, TaskIo),
  checkpoint: string(5),
  pid: uint32(6),
});

export const TaskStart = message("containerd.events.TaskStart", { containerId: string(1), pid: uint32(2) });

export const TaskExit = message("containerd.events.TaskExit", {
  containerId: string(1),
  id: string(2),
  pid: uint32(3),
  exitStatus: uint32(4),
  exitedAt: nested(5, Timestamp),
});

export const TaskDelete = message("containerd.events.TaskDelete", {
  containerId: string(1),
  pid: uint32(2),
  exitStatus: uint32(3),
  exitedAt: nested(4, Timestamp),
  id: string(5),
});

export const TaskPaused = message("containerd.events.TaskPaused", { containerId: string(1) });

export const TaskResumed = message("containerd.events.TaskResumed", { containerId: string(1) });

export const TaskExecAdded = message("containerd.events.TaskExecAdded", { containerId: string(1), execId: string(2) });

export const TaskExecStarted = message("containerd.events.TaskExecStarted", {
  containerId: string(1),
  execId: string(2),
  pid: uint32(3),
});

export const TaskOom = message("containerd.events.TaskOOM", { containerId: string(1) });

const Envelope = message("containerd.types.Envelope", {
  timestamp: nested(1, Timestamp),
  namespace: string(2),
  topic: string(3),
  event: nested(4, Any),
});

export const ForwardRequest = message("containerd.services.events.ttrpc.v1.ForwardRequest", {
  envelope: nested(1, Envelope),
});
