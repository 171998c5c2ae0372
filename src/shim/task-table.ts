import { KwasmError } from "#base";

import { NativeTask } from "./native/native-task.ts";
import { SandboxTask } from "./sandbox-task.ts";
import type { Task } from "./task.ts";

export type TableEntry = Task | NativeTask;

/** Every task that containerd has made here and not yet deleted. */
export class TaskTable {
  /** By id: two of containerd's namespaces may use the same one. */
  readonly #tasks = new Map<string, TableEntry[]>();
  readonly #underWay = new Set<string>();

  /** Makes a task by `create`, unless there is one of that name or one is under way. */
  async add<Made extends TableEntry>(namespace: string, id: string, create: () => Promise<Made>): Promise<Made> {
    const key = `${namespace}/${id}`;
    if (this.#underWay.has(key) || this.#inNamespace(id, namespace) !== undefined) {
      throw new KwasmError("already-exists", `create task "${key}": there is one of that name`);
    }
    this.#underWay.add(key);
    try {
      const task = await create();
      this.restore(task);
      return task;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /**
   * Finds a task by its id. The namespace is missing from requests that containerd only hands on from its own callers
   * (it forgets to copy it from one protocol's metadata to the other's); an id that is used once says all then.
   */
  get(id: string, namespace: string | undefined): Task {
    const found = namespace === undefined ? this.#only(id) : this.#inNamespace(id, namespace);
    // The calls about native tasks are handed on before anybody looks here.
    if (found !== undefined && !(found instanceof NativeTask)) return found;
    throw new KwasmError("not-found", `find task "${id}": there is none`);
  }

  /** The task that a request means, where runc runs it. */
  findNative(id: string, namespace: string | undefined): NativeTask | undefined {
    const named = (this.#tasks.get(id) ?? []).filter((task) => (namespace ?? task.namespace) === task.namespace);
    const [task] = named;
    return named.length === 1 && task instanceof NativeTask ? task : undefined;
  }

  /** Takes in a task of an earlier process. */
  restore(task: TableEntry): void {
    this.#tasks.set(task.id, [...(this.#tasks.get(task.id) ?? []), task]);
  }

  find({ namespace, id }: { readonly namespace: string; readonly id: string }): TableEntry | undefined {
    return this.#inNamespace(id, namespace);
  }

  /** The pod that a container of the same namespace belongs to. */
  findPod(id: string | undefined, namespace: string): SandboxTask | undefined {
    const task = id === undefined ? undefined : this.#inNamespace(id, namespace);
    return task instanceof SandboxTask ? task : undefined;
  }

  remove(task: TableEntry): void {
    const left = (this.#tasks.get(task.id) ?? []).filter((other) => other !== task);
    if (left.length === 0) this.#tasks.delete(task.id);
    else this.#tasks.set(task.id, left);
  }

  #only(id: string): TableEntry | undefined {
    const [task, ...others] = this.#tasks.get(id) ?? [];
    if (others.length === 0) return task;
    throw new KwasmError("failed-precondition", `find task "${id}": several namespaces have one; name the namespace`);
  }

  #inNamespace(id: string, namespace: string): TableEntry | undefined {
    return this.#tasks.get(id)?.find((task) => task.namespace === namespace);
  }
}
