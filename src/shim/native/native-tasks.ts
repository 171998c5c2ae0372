import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Clock, Log } from "#base";
import { type CreateTaskRequest, type MessageValue, packAny, TaskDelete, TaskExit as TaskExitEvent } from "#proto";

import type { EventPublisher } from "../event-publisher.ts";
import type { Bundle } from "../bundle.ts";
import { exitFields } from "../task-answers.ts";
import type { TaskExit, TaskIdentity } from "../task.ts";
import { adaptBundle, type PodPlace } from "./adapt-specification.ts";
import { endLeftNatives } from "./left-natives.ts";
import { MARK, writeMark } from "./native-mark.ts";
import { type NativeRecord, NativeTask, type NativeTaskOwner } from "./native-task.ts";
import { type Containerd, deleteByRuncShim, findRuncShim, startRuncShim } from "./runc-shim.ts";
import { runcOptionsOf } from "./runc-options.ts";
import { Turns } from "./turns.ts";

/** The time that containerd gives to a shim's end. */
const SHUTDOWN_MS_MAX = 3_000;

interface NativeTasksOptions {
  /** To have a folder for each shim of runc. */
  readonly directory: string;
  readonly containerd: Containerd;
  /** This process's id and start time. */
  readonly processMark: string;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
}

/** A pod, as far as its native containers are concerned. */
interface NativePod {
  readonly id: string;
  readonly place: PodPlace;
}

/** A container that is to be made, and its pod where it has one. */
export interface NativeContainer {
  readonly identity: TaskIdentity;
  readonly request: MessageValue<typeof CreateTaskRequest>;
  readonly bundle: Bundle;
  readonly pod: NativePod | undefined;
}

interface NativeStart extends Pick<NativeContainer, "identity" | "request"> {
  readonly group: string;
  readonly key: string;
}

/**
 * The native containers among the tasks, which runc runs. Those of one pod are together in one process of runc's shim,
 * which is started for the first and ends with the last.
 */
export class NativeTasks implements NativeTaskOwner, Disposable {
  readonly #options: NativeTasksOptions;
  readonly #groups = new Map<string, Set<NativeTask>>();
  /** A group's shim is not asked to end while a task is made in it. */
  readonly #turns = new Turns();

  constructor(options: NativeTasksOptions) {
    this.#options = options;
  }

  /** Throws what runc's shim says where it makes no container; nothing of it stays then. */
  async create(container: NativeContainer): Promise<NativeTask> {
    const { identity, pod } = container;
    const group = pod?.id ?? identity.id;
    return this.#turns.take(keyOf(identity.namespace, group), () => this.#create(container, group));
  }

  /**
   * Whether an earlier process has begun to make a container of this bundle. Its creation is to be asked for again, or the
   * stub ends what there is of it at its deletion.
   */
  isBegun(bundle: string): boolean {
    return existsSync(join(bundle, MARK));
  }

  /** Finds the tasks of an earlier process again, and drops what it had for others. */
  async restore(records: readonly NativeRecord[]): Promise<readonly NativeTask[]> {
    const { directory } = this.#options;
    const kept = new Set(records.map(({ namespace, group }) => keyOf(namespace, group)));
    for (const name of readFolder(directory)) {
      if (!kept.has(name)) rmSync(join(directory, name), { recursive: true, force: true });
    }
    return Promise.all(records.map((record) => this.#restore(record)));
  }

  /** Ends the tasks of an earlier process, which containerd counts as dead. */
  endLeft(): Promise<void> {
    return endLeftNatives(this.#options);
  }

  /** Leaves all tasks as they are, to be restored by the next process. Idempotent. */
  close(): void {
    for (const group of this.#groups.values()) for (const task of group) task.abandon();
    this.#groups.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  now(): number {
    return this.#options.clock.nowMs();
  }

  async cleanUp(task: NativeTask): Promise<void> {
    const { containerd, log } = this.#options;
    const names = { namespace: task.namespace, id: task.id };
    log.warn("a native container is ended without its shim", names);
    try {
      await deleteByRuncShim(containerd, task);
    } catch (error) {
      log.error("a native container without shim was not ended", { ...names, reason: String(error) });
    }
  }

  onLost(task: NativeTask, exit: TaskExit): void {
    const { namespace, id, pid } = task;
    const event = packAny(TaskExitEvent, { containerId: id, id, pid, ...exitFields(exit) });
    this.#options.publisher.publish({ namespace, topic: "/tasks/exit", event });
  }

  async onDeleted(task: NativeTask, exit: TaskExit | undefined): Promise<void> {
    const { namespace, id, pid } = task;
    if (exit !== undefined) {
      const event = packAny(TaskDelete, { containerId: id, pid, ...exitFields(exit) });
      this.#options.publisher.publish({ namespace, topic: "/tasks/delete", event });
    }
    await this.#turns.take(keyOf(namespace, task.record.group), () => this.#leave(task));
  }

  async #create({ identity, request, bundle, pod }: NativeContainer, group: string): Promise<NativeTask> {
    const key = keyOf(identity.namespace, group);
    const wasBegun = this.isBegun(identity.bundle);
    const task = await this.#connect({ identity, request, group, key });
    try {
      await this.#mark(task);
      if (!(wasBegun && (await task.takeUp()))) {
        if (pod !== undefined) adaptBundle(identity.bundle, pod.place, this.#neighbourIn(key));
        await task.create({ ...request, options: runcOptionsOf(bundle.cgroupsPath ?? "") });
      }
      this.#groupOf(key).add(task);
      return task;
    } catch (error) {
      if (wasBegun || !task.isConnected) await this.cleanUp(task);
      await this.#leave(task);
      throw error;
    }
  }

  async #connect({ identity, request, group, key }: NativeStart): Promise<NativeTask> {
    const { stdin, stdout, stderr, terminal } = request;
    const streams = { stdin, stdout, stderr, terminal };
    const folder = this.#folderOf(key);
    try {
      const task = { namespace: identity.namespace, id: group };
      const address = await startRuncShim(this.#options.containerd, task, folder);
      return await NativeTask.connect({ ...identity, group, address, streams, pid: 0 }, this);
    } catch (error) {
      if (!this.#groups.has(key)) rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #restore(record: NativeRecord): Promise<NativeTask> {
    const task = await NativeTask.restore(record, this);
    this.#groupOf(keyOf(record.namespace, record.group)).add(task);
    // Nobody waits: a shim that stands still, or is not installed any more, must not keep all other tasks from theirs.
    if (task.isConnected) void this.#markAgain(task);
    return task;
  }

  async #markAgain(task: NativeTask): Promise<void> {
    try {
      await this.#mark(task);
    } catch (error) {
      const { namespace, id } = task;
      this.#options.log.warn("a native container was not marked again", { namespace, id, reason: String(error) });
    }
  }

  async #mark(task: NativeTask): Promise<void> {
    const { containerd, processMark: owner } = this.#options;
    const { address } = task.record;
    const mark = { shim: findRuncShim(containerd), shimPid: await task.askShimPid(), socket: address.path, owner };
    const own = this.#ownFolderOf(task);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (const folder of [own, task.bundle]) writeMark(folder, mark);
  }

  /** Gives back what a task had, and with the last of its group what the group had. */
  async #leave(task: NativeTask): Promise<void> {
    const { group, namespace, address } = task.record;
    const key = keyOf(namespace, group);
    rmSync(join(task.bundle, MARK), { force: true });
    rmSync(this.#ownFolderOf(task), { recursive: true, force: true });
    const others = this.#groupOf(key);
    others.delete(task);
    const isLast = others.size === 0;
    if (isLast) this.#groups.delete(key);
    const isShimGone = await this.#leaveShim(task, isLast);
    if (!isLast) return;
    rmSync(this.#folderOf(key), { recursive: true, force: true });
    // A shim that was killed has left it there.
    if (isShimGone) rmSync(address.path, { force: true });
  }

  async #leaveShim(task: NativeTask, isLast: boolean): Promise<boolean> {
    const { clock, log } = this.#options;
    const controller = new AbortController();
    // It ends early only when nobody waits for it any more.
    const patience = clock.sleep(SHUTDOWN_MS_MAX, controller.signal).catch(() => undefined);
    try {
      const isGone = await task.leaveShim(isLast, patience);
      if (isLast && !isGone) log.warn("the shim of native containers does not end", { group: task.record.group });
      return isGone;
    } finally {
      controller.abort();
    }
  }

  /** A process of the pod whose namespaces others can join. */
  #neighbourIn(key: string): number | undefined {
    return [...this.#groupOf(key)].find(({ hasExited }) => !hasExited)?.pid;
  }

  #groupOf(key: string): Set<NativeTask> {
    const group = this.#groups.get(key) ?? new Set();
    this.#groups.set(key, group);
    return group;
  }

  #folderOf(key: string): string {
    return join(this.#options.directory, key);
  }

  /** What is known of a task where its bundle is gone. */
  #ownFolderOf({ id, record: { namespace, group } }: NativeTask): string {
    return join(this.#folderOf(keyOf(namespace, group)), encodeURIComponent(id));
  }
}

/** Also the name of a folder. */
function keyOf(namespace: string, group: string): string {
  return `${encodeURIComponent(namespace)},${encodeURIComponent(group)}`;
}

function readFolder(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
