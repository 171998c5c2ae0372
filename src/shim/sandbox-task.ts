import { constants } from "node:os";

import type { NodeRuntime } from "#node";

import type { Bundle } from "./bundle.ts";
import { isolationGroupOf } from "./isolation-group.ts";
import { endingSignal } from "./signal.ts";
import type { Task, TaskExit, TaskIdentity, TaskMemory, TaskObserver, TaskStreams } from "./task.ts";

interface SandboxTaskOptions {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly bundle: Bundle;
  readonly runtime: NodeRuntime;
  readonly observer: TaskObserver;
  readonly now: () => number;
}

/**
 * A pod's place, where containerd believes a pause container to be. No process stands behind it: the network namespace
 * lives by containerd's own mount of it, and the isolation group's cell is kept by the runtime's sandbox.
 */
export class SandboxTask implements Task {
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
  readonly streams: TaskStreams;
  readonly network: Bundle["network"];
  /** Isolation group of the pod's guests. */
  readonly group: string;
  readonly #options: SandboxTaskOptions;
  readonly #exited = Promise.withResolvers<TaskExit>();
  #status: Task["status"] = "created";
  #exit: TaskExit | undefined;

  private constructor(options: SandboxTaskOptions) {
    const { identity, bundle, streams } = options;
    this.#options = options;
    this.namespace = identity.namespace;
    this.id = identity.id;
    this.bundle = identity.bundle;
    this.streams = streams;
    this.network = bundle.network;
    this.group = isolationGroupOf(identity, bundle.annotations);
  }

  static async create(options: SandboxTaskOptions): Promise<SandboxTask> {
    const task = new SandboxTask(options);
    await options.runtime.createSandbox({ id: task.#nodeId, group: task.group, listeners: [] });
    return task;
  }

  get status(): Task["status"] {
    return this.#status;
  }

  get exit(): TaskExit | undefined {
    return this.#exit;
  }

  get exited(): Promise<TaskExit> {
    return this.#exited.promise;
  }

  async start(): Promise<void> {
    this.#status = "running";
    this.#options.observer.onStart(this);
  }

  async kill(signal: number): Promise<void> {
    if (endingSignal(signal) === undefined) return;
    this.#end(signal);
  }

  async memory(): Promise<TaskMemory> {
    return { usageBytes: 0, limitBytes: 0 };
  }

  async remove(): Promise<void> {
    await this.#options.runtime.deleteSandbox(this.#nodeId);
    if (this.#status !== "stopped") this.#end(constants.signals.SIGKILL);
  }

  get #nodeId(): string {
    return `${this.namespace}/${this.id}`;
  }

  #end(signal: number): void {
    const exit = { code: 128 + signal, atMs: this.#options.now(), isOutOfMemory: false };
    const wasRunning = this.#status === "running";
    this.#status = "stopped";
    this.#exit = exit;
    this.#exited.resolve(exit);
    if (wasRunning) this.#options.observer.onExit(this, exit);
  }
}
