import { join } from "node:path";

import { KwasmError, type Log } from "#base";
import type { NodeRuntime } from "#node";

import { readBundle } from "./bundle.ts";
import { ContainerTask } from "./container-task.ts";
import type { NativeRecord } from "./native/native-task.ts";
import type { NativeTasks } from "./native/native-tasks.ts";
import { RootMounts } from "./root-mounts.ts";
import { SandboxTask } from "./sandbox-task.ts";
import { keyOf, type RememberedTask, type TaskJournal, type TaskRecord } from "./task-journal.ts";
import type { TableEntry } from "./task-table.ts";
import type { Task, TaskObserver } from "./task.ts";

/** More than one root file system is ever made of. */
const STALE_MOUNTS_MAX = 64;

export interface RestoreOptions {
  readonly runtime: NodeRuntime;
  readonly natives: NativeTasks;
  readonly journal: TaskJournal;
  readonly observer: TaskObserver;
  readonly now: () => number;
  readonly log: Log;
}

/** The tasks of an earlier process; what it had begun to make or to remove is undone or finished. */
export async function restoreTasks(options: RestoreOptions): Promise<TableEntry[]> {
  const tasks: TableEntry[] = [];
  const natives: NativeRecord[] = [];
  for (const [key, remembered] of options.journal.tasks) {
    if (remembered.record === undefined && options.natives.isBegun(remembered.bundle)) {
      // runc's shim may have made it, and has its root file system mounted.
      options.journal.gone(key);
      continue;
    }
    if (remembered.record === undefined || remembered.removing !== undefined) {
      await clear(key, remembered, options);
      continue;
    }
    try {
      if (remembered.record.kind === "native") natives.push(remembered.record.native);
      else tasks.push(restoreTask(remembered.record, remembered, options));
    } catch (error) {
      options.log.warn("a remembered task is lost", { task: key, reason: String(error) });
      await clear(key, remembered, options);
    }
  }
  return [...tasks, ...(await options.natives.restore(natives))];
}

/** Drops what is left of tasks that containerd counts as dead: it has seen their connections end. */
export async function clearTasks(options: RestoreOptions): Promise<void> {
  await options.natives.endLeft();
  for (const [key, remembered] of options.journal.tasks) await clear(key, remembered, options);
}

type OwnRecord = Exclude<TaskRecord, { readonly kind: "native" }>;

function restoreTask(record: OwnRecord, { pod }: RememberedTask, options: RestoreOptions): Task {
  const { identity, streams } = record;
  const { runtime, observer, now, journal } = options;
  const parts = { identity, streams, runtime, observer };
  if (record.kind === "container") return ContainerTask.restore(parts, record.mountCount);
  const bundle = readBundle(identity.bundle);
  const remember = (state: Parameters<TaskJournal["podChanged"]>[1]): void =>
    journal.podChanged(keyOf(identity), state);
  return SandboxTask.restore({ ...parts, bundle, now, remember }, pod ?? { status: "created" });
}

async function clear(key: string, { bundle, removing }: RememberedTask, options: RestoreOptions): Promise<void> {
  const { runtime, journal } = options;
  await runtime.deleteSandbox(key);
  unmountAll(join(bundle, "rootfs"));
  journal.gone(key, removing?.exit);
}

/** How many there are is not known where a creation was cut short. */
function unmountAll(target: string): void {
  try {
    RootMounts.restore(STALE_MOUNTS_MAX, target).unmount();
  } catch (error) {
    // The end: nothing is mounted there any more, or the bundle is gone as well.
    if (!(error instanceof KwasmError)) throw error;
  }
}
