import {
  type Message,
  type MessageValue,
  type Mount,
  packAny,
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOom,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from "#proto";

import type { EventPublisher } from "./event-publisher.ts";
import { exitFields } from "./task-answers.ts";
import { type Task, TASK_PID, type TaskExit as Exit, type TaskObserver } from "./task.ts";

/** Tells containerd what happens to tasks, in its own order: create, start, out of memory, exit, delete. */
export class TaskEvents implements TaskObserver {
  readonly #publisher: EventPublisher;

  constructor(publisher: EventPublisher) {
    this.#publisher = publisher;
  }

  onCreate(task: Task, rootfs: readonly Mount[], checkpoint: string): void {
    const { id: containerId, bundle, streams: io } = task;
    this.#tell(task, "/tasks/create", TaskCreate, { containerId, bundle, rootfs, io, checkpoint, pid: TASK_PID });
  }

  onStart(task: Task): void {
    this.#tell(task, "/tasks/start", TaskStart, { containerId: task.id, pid: TASK_PID });
  }

  onExit(task: Task, exit: Exit): void {
    const { id } = task;
    if (exit.isOutOfMemory) this.#tell(task, "/tasks/oom", TaskOom, { containerId: id });
    this.#tell(task, "/tasks/exit", TaskExit, { containerId: id, id, pid: TASK_PID, ...exitFields(exit) });
  }

  onPause(task: Task): void {
    this.#tell(task, "/tasks/paused", TaskPaused, { containerId: task.id });
  }

  onResume(task: Task): void {
    this.#tell(task, "/tasks/resumed", TaskResumed, { containerId: task.id });
  }

  onDelete(task: Task): void {
    this.#tell(task, "/tasks/delete", TaskDelete, { containerId: task.id, pid: TASK_PID, ...exitFields(task.exit) });
  }

  onExecAdded(task: Task, execId: string): void {
    this.#tell(task, "/tasks/exec-added", TaskExecAdded, { containerId: task.id, execId });
  }

  onExecStart(task: Task, execId: string): void {
    this.#tell(task, "/tasks/exec-started", TaskExecStarted, { containerId: task.id, execId, pid: TASK_PID });
  }

  onExecExit(task: Task, execId: string, exit: Exit): void {
    this.#tell(task, "/tasks/exit", TaskExit, {
      containerId: task.id,
      id: execId,
      pid: TASK_PID,
      ...exitFields(exit),
    });
  }

  #tell<Type extends Message<object>>(task: Task, topic: string, type: Type, event: Partial<MessageValue<Type>>): void {
    this.#publisher.publish({ namespace: task.namespace, topic, event: packAny(type, event) });
  }
}
