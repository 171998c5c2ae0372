import { join } from "node:path";

import { KwasmError } from "#base";
import type { ExitStatus, NodeRuntime, WorkloadSpec, WorkloadView } from "#node";
import type { Mount } from "#proto";

import type { Bundle } from "./bundle.ts";
import { planContainer } from "./plan-container.ts";
import { RootMounts } from "./root-mounts.ts";
import type { SandboxTask } from "./sandbox-task.ts";
import { endingSignal } from "./signal.ts";
import type { Task, TaskExit, TaskIdentity, TaskMemory, TaskObserver, TaskStreams } from "./task.ts";

interface ContainerTaskOptions {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly bundle: Bundle;
  readonly rootMounts: readonly Mount[];
  readonly pod: SandboxTask | undefined;
  readonly runtime: NodeRuntime;
  readonly observer: TaskObserver;
}

/** A container: one workload of the runtime, and the mount of its root file system. */
export class ContainerTask implements Task {
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
  readonly streams: TaskStreams;
  readonly #runtime: NodeRuntime;
  readonly #observer: TaskObserver;
  readonly #root: RootMounts;
  readonly #spec: WorkloadSpec;
  readonly #exited = Promise.withResolvers<TaskExit>();
  readonly #stopWatching: () => void;
  #isStartAsked = false;
  #isStartTold = false;
  #status: Task["status"] = "created";
  #exit: TaskExit | undefined;

  private constructor(options: ContainerTaskOptions, root: RootMounts, spec: WorkloadSpec) {
    this.namespace = options.identity.namespace;
    this.id = options.identity.id;
    this.bundle = options.identity.bundle;
    this.streams = options.streams;
    this.#runtime = options.runtime;
    this.#observer = options.observer;
    this.#root = root;
    this.#spec = spec;
    this.#stopWatching = options.runtime.onChange((view) => {
      if (view.id === spec.id) this.#follow(view);
    });
  }

  /** Mounts, resolves and opens all that the container needs; nothing of it stays where that fails. */
  static async create(options: ContainerTaskOptions): Promise<ContainerTask> {
    const { identity, runtime } = options;
    const root = new RootMounts(options.rootMounts, join(identity.bundle, "rootfs"));
    try {
      const { sandbox, workload } = await planContainer(options);
      await runtime.createSandbox(sandbox);
      try {
        await runtime.createWorkload(workload);
      } catch (error) {
        await runtime.deleteSandbox(sandbox.id);
        throw error;
      }
      return new ContainerTask(options, root, workload);
    } catch (error) {
      root.unmount();
      throw error;
    }
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
    this.#isStartAsked = true;
    const { exit } = await this.#runtime.startWorkload(this.#spec.id);
    if (exit?.reason === "StartError") {
      throw new KwasmError("failed-precondition", `start "${this.#spec.displayName ?? this.id}": ${exit.message}`);
    }
  }

  async kill(signal: number): Promise<void> {
    const ending = endingSignal(signal);
    if (ending !== undefined) await this.#runtime.killWorkload(this.#spec.id, ending);
  }

  async memory(): Promise<TaskMemory> {
    const limitBytes = this.#spec.memoryBytesMax;
    if (this.#status !== "running") return { usageBytes: 0, limitBytes };
    return { usageBytes: (await this.#runtime.statsOf(this.#spec.id)).memoryBytes, limitBytes };
  }

  async remove(): Promise<void> {
    await this.#runtime.deleteSandbox(this.#spec.sandboxId);
    this.#stopWatching();
    this.#root.unmount();
  }

  /** The start is told before the exit, also of a guest that had ended before its start was answered. */
  #follow({ state, exit }: WorkloadView): void {
    if (state === "running") this.#tellStart();
    if (exit === undefined || this.#exit !== undefined) return;
    if (this.#isStartAsked && exit.reason !== "StartError") this.#tellStart();
    this.#end(exit);
  }

  #tellStart(): void {
    if (this.#isStartTold) return;
    this.#isStartTold = true;
    this.#status = "running";
    this.#observer.onStart(this);
  }

  #end({ code, reason, finishedAtMs }: ExitStatus): void {
    const exit = { code, atMs: finishedAtMs, isOutOfMemory: reason === "OOMKilled" };
    this.#status = "stopped";
    this.#exit = exit;
    this.#exited.resolve(exit);
    if (this.#isStartTold) this.#observer.onExit(this, exit);
  }
}
