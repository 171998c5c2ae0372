import { KwasmError } from "#base";

import { SandboxTask } from "./sandbox-task.ts";
import type { Task } from "./task.ts";

/** Every task that containerd has made here and not yet deleted. */
export class TaskTable {
  /** By id: two of containerd's namespaces may use the same one. */
  readonly #tasks = new Map<string, Task[]>();
  readonly #underWay = new Set<string>();

  /** Makes a task by `create`, unless there is one of that name or one is under way. */
  async add<Made extends Task>(namespace: string, id: string, create: () => Promise<Made>): Promise<Made> {
    const key = `${namespace}/${id}`;
    if (this.#underWay.has(key) || this.#inNamespace(id, namespace) !== undefined) {
      throw new KwasmError("already-exists", `create task "${key}": there is one of that name`);
    }
    this.#underWay.add(key);
    try {
      const task = await create();
      this.#tasks.set(id, [...(this.#tasks.get(id) ?? []), task]);
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
    if (found === undefined) throw new KwasmError("not-found", `find task "${id}": there is none`);
    return found;
  }

  /** The pod that a container of the same namespace belongs to. */
  findPod(id: string | undefined, namespace: string): SandboxTask | undefined {
    const task = id === undefined ? undefined : this.#inNamespace(id, namespace);
    return task instanceof SandboxTask ? task : undefined;
  }

  remove(task: Task): void {
    const left = (this.#tasks.get(task.id) ?? []).filter((other) => other !== task);
    if (left.length === 0) this.#tasks.delete(task.id);
    else this.#tasks.set(task.id, left);
  }

  #only(id: string): Task | undefined {
    const [task, ...others] = this.#tasks.get(id) ?? [];
    if (others.length === 0) return task;
    throw new KwasmError("failed-precondition", `find task "${id}": several namespaces have one; name the namespace`);
  }

  #inNamespace(id: string, namespace: string): Task | undefined {
    return this.#tasks.get(id)?.find((task) => task.namespace === namespace);
  }
}
