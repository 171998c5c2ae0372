import { join } from "node:path";

import { KwasmError, type Log } from "#base";
import type {
  ExitStatus,
  Inspection,
  InspectionSpec,
  NodeRuntime,
  WorkloadLimits,
  WorkloadSpec,
  WorkloadView,
} from "#node";

import type { Bundle } from "./bundle.ts";
import type { ContainerdImages } from "./content/containerd-images.ts";
import { nodeIdOf, planContainer } from "./plan-container.ts";
import type { Pod } from "./pod.ts";
import { RootMounts } from "./root-mounts.ts";
import { endingSignal } from "./signal.ts";
import type { Task, TaskExit, TaskIdentity, TaskObserver, TaskStreams, TaskUsage } from "./task.ts";

interface ContainerTaskParts {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly runtime: NodeRuntime;
  readonly observer: TaskObserver;
}

interface ContainerTaskOptions extends ContainerTaskParts {
  readonly bundle: Bundle;
  /** Mounted already; it is unmounted with the container, or where none is made. */
  readonly root: RootMounts;
  readonly pod: Pod | undefined;
  readonly images: ContainerdImages;
  readonly log: Log;
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

  private constructor(options: ContainerTaskParts, root: RootMounts, spec: WorkloadSpec) {
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

  /** Resolves and opens all that the container needs; nothing of it stays where that fails. */
  static async create(options: ContainerTaskOptions): Promise<ContainerTask> {
    const { root, runtime } = options;
    try {
      const { sandbox, workload, unservedPorts } = await planContainer(options);
      if (unservedPorts.length > 0) {
        options.log.warn("declared ports are not served: guests have no sockets of their protocols", {
          container: workload.displayName,
          ports: unservedPorts,
        });
      }
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

  /**
   * The container that an earlier process made; its workload is in the runtime. What it did since is told by the
   * runtime as if it happened now; what the other has told is not told again.
   */
  static restore(parts: ContainerTaskParts, mountCount: number): ContainerTask {
    const root = RootMounts.restore(mountCount, join(parts.identity.bundle, "rootfs"));
    const spec = parts.runtime.specOf(nodeIdOf(parts.identity));
    const task = new ContainerTask(parts, root, spec);
    const view = parts.runtime.listWorkloads().find(({ id }) => id === spec.id);
    if (view?.startedAtMs !== undefined) {
      task.#isStartAsked = true;
      task.#isStartTold = true;
      task.#status = view.isPaused === true ? "paused" : "running";
    }
    if (view?.exit !== undefined) task.#settle(view.exit);
    return task;
  }

  get mountCount(): number {
    return this.#root.count;
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

  usage(): TaskUsage {
    return this.#runtime.statsOf(this.#spec.id);
  }

  async update(limits: WorkloadLimits): Promise<void> {
    await this.#runtime.limitWorkload(this.#spec.id, limits);
  }

  async pause(): Promise<void> {
    await this.#runtime.pauseWorkload(this.#spec.id);
  }

  async resume(): Promise<void> {
    await this.#runtime.resumeWorkload(this.#spec.id);
  }

  async closeInput(): Promise<void> {
    await this.#runtime.closeInput(this.#spec.id);
  }

  async inspect(spec: InspectionSpec): Promise<Inspection> {
    return this.#runtime.inspect(this.#spec.id, spec);
  }

  async remove(): Promise<void> {
    await this.#runtime.deleteSandbox(this.#spec.sandboxId);
    this.#stopWatching();
    this.#root.unmount();
  }

  /** The start is told before the exit, also of a guest that had ended before its start was answered. */
  #follow({ state, isPaused, exit }: WorkloadView): void {
    if (state === "running") {
      this.#tellStart();
      this.#status = isPaused === true ? "paused" : "running";
    }
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

  #end(status: ExitStatus): void {
    const exit = this.#settle(status);
    if (this.#isStartTold) this.#observer.onExit(this, exit);
  }

  #settle({ code, reason, finishedAtMs }: ExitStatus): TaskExit {
    const exit = { code, atMs: finishedAtMs, isOutOfMemory: reason === "OOMKilled" };
    this.#status = "stopped";
    this.#exit = exit;
    this.#exited.resolve(exit);
    return exit;
  }
}
