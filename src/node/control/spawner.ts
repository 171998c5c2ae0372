import { Worker } from "node:worker_threads";

import { entryPath, KwasmError } from "#base";

/** How a child process ended: one of the two is set. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process to start; `descriptors[n]` becomes the child's descriptor n, null is /dev/null. */
export interface ProcessOrder {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly descriptors: readonly (number | null)[];
}

export interface SpawnedProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
}

export type SpawnerRequest = { readonly id: number; readonly order: ProcessOrder };
export type SpawnerEvent =
  | { readonly id: number; readonly event: "started"; readonly pid: number }
  | { readonly id: number; readonly event: "failed"; readonly message: string }
  | { readonly id: number; readonly event: "ended"; readonly end: ProcessEnd };

interface Waiter {
  readonly started: PromiseWithResolvers<SpawnedProcess>;
  readonly ended: PromiseWithResolvers<ProcessEnd>;
}

/**
 * Starts cells from a thread that has given up every privilege, so that they are born without any while control keeps
 * what it needs; later hardening (namespaces, seccomp) belongs to that thread as well (facts of isolation §3). The
 * thread lives as long as control: its children die with it.
 */
export class Spawner {
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  #lastId = 0;

  constructor() {
    this.#worker = new Worker(entryPath(import.meta.url, "./spawner-worker.ts", "spawner-worker.js"));
    this.#worker.on("message", (event: SpawnerEvent) => this.#receive(event));
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.unref();
  }

  async spawn(order: ProcessOrder): Promise<SpawnedProcess> {
    const waiter: Waiter = { started: Promise.withResolvers(), ended: Promise.withResolvers() };
    const id = ++this.#lastId;
    this.#waiters.set(id, waiter);
    this.#worker.ref();
    this.#worker.postMessage({ id, order } satisfies SpawnerRequest);
    return waiter.started.promise;
  }

  /** Ends the thread, and with it every process that it started. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(event: SpawnerEvent): void {
    const waiter = this.#waiters.get(event.id);
    if (waiter === undefined) return;
    switch (event.event) {
      case "started":
        waiter.started.resolve({ pid: event.pid, ended: waiter.ended.promise });
        return;
      case "failed":
        waiter.started.reject(new KwasmError("internal", `start a process: ${event.message}`));
        break;
      case "ended":
        waiter.ended.resolve(event.end);
        break;
    }
    this.#waiters.delete(event.id);
    if (this.#waiters.size === 0) this.#worker.unref();
  }

  #fail(cause: Error): void {
    const error = new KwasmError("internal", `the spawner thread ended: ${cause.message}`, { cause });
    for (const waiter of this.#waiters.values()) {
      waiter.started.reject(error);
      waiter.ended.resolve({ code: null, signal: "SIGKILL" });
    }
    this.#waiters.clear();
  }
}
