import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { entryPath } from "#base";
import type { StorageAnswer, StorageCall, StorageFailure, StorageFiles } from "./messages.ts";

/** Megabytes of JavaScript's own memory in the thread; rows of an answer are there before they are sent. */
const workerHeapMegabytesMax = 256;

/** A call that failed. */
export class StorageError extends Error {
  readonly kind: StorageFailure["kind"];

  constructor({ kind, message }: StorageFailure) {
    super(message);
    this.name = "StorageError";
    this.kind = kind;
  }
}

interface Pending {
  readonly answered: PromiseWithResolvers<unknown>;
  readonly timer: NodeJS.Timeout;
}

/**
 * A thread with files of an application, which begins with the first call. One that does not answer in time is left: no
 * other begins until it has come to its end, so that there is never more than one.
 */
export class StorageThread {
  readonly #files: StorageFiles;
  readonly #callMsMax: number;
  #worker: Worker | undefined;
  #state: "ready" | "stuck" | "closed" = "ready";
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(files: StorageFiles, callMsMax: number) {
    this.#files = files;
    this.#callMsMax = callMsMax;
  }

  /** Whether there is one to be asked. */
  get isRunning(): boolean {
    return this.#worker !== undefined && this.#state === "ready";
  }

  /** Rejects with a `StorageError`. */
  async ask(call: StorageCall): Promise<unknown> {
    if (this.#state === "stuck") throw failure("an earlier statement of this application has not ended yet");
    if (this.#state === "closed") throw failure("the application has ended");
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    const answered = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => this.#leave("stuck", "a call took too long"), this.#callMsMax);
    this.#pending.set(id, { answered, timer });
    worker.postMessage({ id, call });
    return answered.promise;
  }

  close(): void {
    this.#leave("closed", "the application has ended");
  }

  #start(): Worker {
    const paths = Object.values<string>({ ...this.#files });
    for (const path of paths) mkdirSync(dirname(path), { recursive: true });
    const worker = new Worker(entryPath(import.meta.url, "./storage-worker.ts", "storage-worker.js"), {
      workerData: this.#files,
      resourceLimits: { maxOldGenerationSizeMb: workerHeapMegabytesMax },
    });
    worker.unref();
    worker.on("message", (message: StorageAnswer) => this.#receive(message));
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#leave("stuck", error instanceof Error ? error.message : String(error));
    });
    return worker;
  }

  #receive(message: StorageAnswer): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if ("failure" in message) pending.answered.reject(new StorageError(message.failure));
    else pending.answered.resolve(message.value);
  }

  /** SQLite cannot be interrupted from here: the thread ends when its statement does. */
  #leave(state: "stuck" | "closed", reason: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (this.#state !== "closed") this.#state = state;
    for (const { answered, timer } of this.#pending.values()) {
      clearTimeout(timer);
      answered.reject(failure(reason));
    }
    this.#pending.clear();
    void this.#whenEnded(worker);
  }

  async #whenEnded(worker: Worker | undefined): Promise<void> {
    await worker?.terminate();
    if (this.#state === "stuck") this.#state = "ready";
  }
}

function failure(message: string): StorageError {
  return new StorageError({ kind: "other", message });
}
