import type { Log } from "#base";
import { Journal } from "#node";

import type { NativeRecord } from "./native/native-task.ts";
import type { TaskExit, TaskIdentity, TaskStreams } from "./task.ts";

/** Deleted tasks whose exits are remembered: as many Deletes as can be under way while control is replaced. */
const GRAVES_MAX = 1_024;

/** What the next control process needs to know of a task beside its bundle and what the runtime remembers. */
export type TaskRecord = { readonly identity: TaskIdentity } & (
  | { readonly kind: "pod"; readonly streams: TaskStreams }
  /** `mountCount` file systems are mounted over its root. */
  | { readonly kind: "container"; readonly streams: TaskStreams; readonly mountCount: number }
  | { readonly kind: "native"; readonly native: NativeRecord }
);

export interface PodState {
  readonly status: "created" | "running" | "stopped";
  readonly exit?: TaskExit;
}

type Entry =
  | { readonly op: "making"; readonly key: string; readonly bundle: string }
  | { readonly op: "made"; readonly key: string; readonly record: TaskRecord }
  | { readonly op: "pod"; readonly key: string; readonly state: PodState }
  | { readonly op: "removing"; readonly key: string; readonly exit?: TaskExit }
  | { readonly op: "gone"; readonly key: string; readonly exit?: TaskExit };

export interface RememberedTask {
  readonly bundle: string;
  /** Missing where its creation was not finished. */
  record?: TaskRecord;
  pod?: PodState;
  /** Its deletion was begun, with this exit. */
  removing?: { readonly exit?: TaskExit };
}

/**
 * What control has made of containerd's requests, written before it is done, so that its successor finishes or undoes
 * what was under way and goes on with the rest. Tasks are known by `keyOf`.
 */
export class TaskJournal implements Disposable {
  readonly #journal: Journal<Entry>;
  readonly #tasks = new Map<string, RememberedTask>();
  readonly #graves = new Map<string, { readonly exit?: TaskExit }>();

  /** What an earlier process wrote down is lost, and with it what it had made for whom. */
  readonly isDamaged: boolean;

  private constructor(journal: Journal<Entry>, entries: readonly Entry[], isDamaged: boolean) {
    this.#journal = journal;
    this.isDamaged = isDamaged;
    for (const entry of entries) this.#apply(entry);
  }

  /** Tasks of a file that is damaged are not there any more. */
  static open(path: string, log: Log): TaskJournal {
    const { journal, entries, isDamaged } = Journal.openOrBegin(path, readEntry, log);
    return new TaskJournal(journal, entries, isDamaged);
  }

  get tasks(): ReadonlyMap<string, RememberedTask> {
    return this.#tasks;
  }

  making(key: string, bundle: string): void {
    this.#append({ op: "making", key, bundle });
  }

  made(key: string, record: TaskRecord): void {
    this.#append({ op: "made", key, record });
  }

  podChanged(key: string, state: PodState): void {
    this.#append({ op: "pod", key, state });
  }

  removing(key: string, exit: TaskExit | undefined): void {
    this.#append({ op: "removing", key, ...(exit === undefined ? {} : { exit }) });
  }

  gone(key: string, exit?: TaskExit): void {
    this.#append({ op: "gone", key, ...(exit === undefined ? {} : { exit }) });
  }

  /** The exit of a task that was deleted lately, in any namespace where none is given; undefined where there was none. */
  graveOf(id: string, namespace: string | undefined): { readonly exit?: TaskExit } | undefined {
    if (namespace !== undefined) return this.#graves.get(keyOf({ namespace, id }));
    return [...this.#graves].findLast(([key]) => key.endsWith(`/${id}`))?.[1];
  }

  close(): void {
    this.#journal.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #append(entry: Entry): void {
    this.#journal.append(entry);
    this.#apply(entry);
    if (this.#journal.isWorthRewriting(this.#tasks.size * 3 + this.#graves.size)) {
      this.#journal.rewrite([...this.#entries()]);
    }
  }

  #apply(entry: Entry): void {
    const { key } = entry;
    const task = this.#tasks.get(key);
    switch (entry.op) {
      case "making":
        this.#graves.delete(key);
        this.#tasks.set(key, { bundle: entry.bundle });
        return;
      case "made":
        this.#tasks.set(key, { bundle: entry.record.identity.bundle, record: entry.record });
        return;
      case "pod":
        if (task !== undefined) task.pod = entry.state;
        return;
      case "removing":
        if (task !== undefined) task.removing = entry.exit === undefined ? {} : { exit: entry.exit };
        return;
      case "gone":
        this.#tasks.delete(key);
        this.#bury(key, entry.exit);
    }
  }

  #bury(key: string, exit: TaskExit | undefined): void {
    this.#graves.set(key, exit === undefined ? {} : { exit });
    const [oldest] = this.#graves.keys();
    if (oldest !== undefined && this.#graves.size > GRAVES_MAX) this.#graves.delete(oldest);
  }

  *#entries(): Generator<Entry> {
    for (const [key, { exit }] of this.#graves) yield { op: "gone", key, ...(exit === undefined ? {} : { exit }) };
    for (const [key, { bundle, record, pod, removing }] of this.#tasks) {
      yield { op: "making", key, bundle };
      if (record !== undefined) yield { op: "made", key, record };
      if (pod !== undefined) yield { op: "pod", key, state: pod };
      if (removing !== undefined) yield { op: "removing", key, ...removing };
    }
  }
}

export function keyOf({ namespace, id }: Pick<TaskIdentity, "namespace" | "id">): string {
  return `${namespace}/${id}`;
}

/** The journal is control's own file; its shape is trusted once it is an entry at all. */
function readEntry(value: unknown): Entry {
  if (typeof value !== "object" || value === null || !("op" in value)) throw new TypeError("a line is not an entry");
  if (!("key" in value) || (value.op === "made" && !("record" in value && hasIdentity(value.record)))) {
    throw new TypeError("an entry names no task");
  }
  return value as Entry;
}

function hasIdentity(record: unknown): boolean {
  return typeof record === "object" && record !== null && "identity" in record && record.identity !== null;
}
