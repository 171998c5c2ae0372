import { Worker } from "node:worker_threads";

import { entryPath, KwasmError } from "#base";

import type { CellPlace, UserSpec } from "../workload.ts";

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
  /** Left out: what control has. Groups are the child's from its birth; it becomes the user by itself (becomeUser). */
  readonly user?: UserSpec;
  /** Where it is counted, from its first memory on; by default where control is. Its input is /dev/null then. */
  readonly place?: CellPlace;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** What of its place the machine refused. */
  readonly complaints: readonly string[];
  readonly ended: Promise<ProcessEnd>;
  /** Has no effect on a process that has ended: its number may be another's by now. */
  kill(signal: ProcessSignal): void;
}

export type ProcessSignal = "SIGTERM" | "SIGKILL";

export type SpawnerRequest =
  | { readonly id: number; readonly order: ProcessOrder }
  | { readonly id: number; readonly signal: ProcessSignal };
export type SpawnerEvent =
  | { readonly id: number; readonly event: "started"; readonly pid: number; readonly complaints: readonly string[] }
  | { readonly id: number; readonly event: "failed"; readonly message: string }
  | { readonly id: number; readonly event: "ended"; readonly end: ProcessEnd };

interface Waiter {
  readonly started: PromiseWithResolvers<SpawnedProcess>;
  readonly ended: PromiseWithResolvers<ProcessEnd>;
}

/**
 * Starts cells from a thread whose children get no privilege, or only that of becoming their guests' user, while control
 * keeps what it needs; later hardening (namespaces, seccomp) belongs to that thread as well (facts of isolation §3). The
 * thread lives as long as control: its children die with it. One that ends all the same is replaced at the next start.
 */
export class Spawner {
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor() {
    this.#worker = this.#startWorker();
  }

  async spawn(order: ProcessOrder): Promise<SpawnedProcess> {
    if (this.#isClosed) throw new KwasmError("unavailable", "start a process: the spawner was closed");
    const waiter: Waiter = { started: Promise.withResolvers(), ended: Promise.withResolvers() };
    const id = ++this.#lastId;
    this.#waiters.set(id, waiter);
    this.#worker ??= this.#startWorker();
    this.#worker.ref();
    this.#worker.postMessage({ id, order } satisfies SpawnerRequest);
    return waiter.started.promise;
  }

  /** Ends the thread, and with it every process that it started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(entryPath(import.meta.url, "./spawner-worker.ts", "spawner-worker.js"));
    let reason = "it was closed";
    worker.on("message", (event: SpawnerEvent) => this.#receive(event));
    worker.on("error", (error: Error) => (reason = error.message));
    worker.once("exit", () => {
      this.#worker = undefined;
      this.#endAll(reason);
    });
    worker.unref();
    return worker;
  }

  #receive(event: SpawnerEvent): void {
    const waiter = this.#waiters.get(event.id);
    if (waiter === undefined) return;
    switch (event.event) {
      case "started":
        waiter.started.resolve({
          pid: event.pid,
          complaints: event.complaints,
          ended: waiter.ended.promise,
          kill: (signal) => this.#kill(event.id, signal),
        });
        return;
      case "failed":
        waiter.started.reject(new KwasmError("internal", `start a process: ${event.message}`));
        break;
      case "ended":
        waiter.ended.resolve(event.end);
        break;
    }
    this.#waiters.delete(event.id);
    if (this.#waiters.size === 0) this.#worker?.unref();
  }

  /** By the thread that reaps the process, for only there a number cannot have become another process's meanwhile. */
  #kill(id: number, signal: ProcessSignal): void {
    if (this.#waiters.has(id)) this.#worker?.postMessage({ id, signal } satisfies SpawnerRequest);
  }

  /** The kernel ends the children of a thread together with it: see dieWithParent. */
  #endAll(reason: string): void {
    for (const waiter of this.#waiters.values()) {
      waiter.started.reject(new KwasmError("internal", `start a process: the spawner thread ended: ${reason}`));
      waiter.ended.resolve({ code: null, signal: "SIGKILL" });
    }
    this.#waiters.clear();
  }
}
