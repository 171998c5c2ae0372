import { constants } from "node:os";

import { KwasmError } from "#base";
import type { Inspection, NodeRuntime } from "#node";

import type { Bundle } from "./bundle.ts";
import { hasOwnGroup, isolationGroupOf } from "./isolation-group.ts";
import type { PodPlace } from "./native/adapt-specification.ts";
import { endingSignal } from "./signal.ts";
import type { PodState } from "./task-journal.ts";
import type { Task, TaskExit, TaskIdentity, TaskObserver, TaskStreams, TaskUsage } from "./task.ts";

interface SandboxTaskOptions {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly bundle: Bundle;
  readonly runtime: NodeRuntime;
  readonly observer: TaskObserver;
  readonly now: () => number;
  /** Writes down what the next process needs to know. */
  readonly remember: (state: PodState) => void;
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
  readonly hasOwnGroup: boolean;
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
    this.hasOwnGroup = hasOwnGroup(bundle.annotations);
  }

  static async create(options: SandboxTaskOptions): Promise<SandboxTask> {
    const task = new SandboxTask(options);
    await options.runtime.createSandbox({ id: task.#nodeId, group: task.group, listeners: [] });
    return task;
  }

  /** The place that an earlier process made. */
  static restore(options: SandboxTaskOptions, { status, exit }: PodState): SandboxTask {
    const task = new SandboxTask(options);
    task.#status = status;
    task.#exit = exit;
    if (exit !== undefined) task.#exited.resolve(exit);
    return task;
  }

  /** What it lends to the pod's native containers. */
  get place(): PodPlace {
    return this.#options.bundle;
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
    if (this.#status !== "created") return;
    this.#options.remember({ status: "running" });
    this.#status = "running";
    this.#options.observer.onStart(this);
  }

  async kill(signal: number): Promise<void> {
    if (endingSignal(signal) === undefined) return;
    this.#end(signal);
  }

  usage(): TaskUsage {
    return { cpuNanoseconds: 0, memoryBytes: 0, memoryBytesMax: 0 };
  }

  /** There is nothing that limits could hold. */
  update(): Promise<void> {
    return Promise.resolve();
  }

  async pause(): Promise<void> {
    throw new KwasmError("unsupported", `pause the place of pod "${this.id}": it runs nothing; pause its containers`);
  }

  async resume(): Promise<void> {
    throw new KwasmError("unsupported", `resume the place of pod "${this.id}": it is never paused`);
  }

  async closeInput(): Promise<void> {
    // Nothing reads.
  }

  async inspect(): Promise<Inspection> {
    throw new KwasmError("unsupported", `look into pod "${this.id}": it has no process; name one of its containers`);
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
    this.#options.remember({ status: "stopped", exit });
    this.#status = "stopped";
    this.#exit = exit;
    this.#exited.resolve(exit);
    if (wasRunning) this.#options.observer.onExit(this, exit);
  }
}
