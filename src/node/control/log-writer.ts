import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { entryPath, type Log } from "#base";

import { createPipe } from "../syscall/pipe.ts";

export interface LogWorkerRequest {
  readonly id: number;
  readonly path: string;
  readonly stdoutFd: number;
  readonly stderrFd: number;
}
export type LogWorkerEvent =
  | { readonly id: number; readonly event: "drained" }
  | { readonly id: number; readonly event: "failed"; readonly message: string };

/** The write ends of a guest's output, to be handed over and then closed by the caller. */
export interface OutputPipes {
  readonly stdoutFd: number;
  readonly stderrFd: number;
  /** Resolves when every writer has closed and every line is in the file. */
  readonly drained: Promise<void>;
}

/**
 * Keeps the logs of all guests in a thread of its own, so that a guest that floods its output costs control's main
 * thread nothing.
 */
export class LogWriter {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #drained = new Map<number, { path: string; done: PromiseWithResolvers<void> }>();
  #lastId = 0;

  constructor(log: Log) {
    this.#log = log;
    this.#worker = new Worker(entryPath(import.meta.url, "./log-worker.ts", "log-worker.js"));
    this.#worker.on("message", (event: LogWorkerEvent) => this.#receive(event));
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.unref();
  }

  /** Opens the output of one guest onto the log file at `path`, whose directory must be there. */
  open(path: string): OutputPipes {
    const stdout = createPipe();
    const stderr = createPipe();
    const id = ++this.#lastId;
    const done = Promise.withResolvers<void>();
    this.#drained.set(id, { path, done });
    this.#worker.postMessage({ id, path, stdoutFd: stdout.readFd, stderrFd: stderr.readFd } satisfies LogWorkerRequest);
    return { stdoutFd: stdout.writeFd, stderrFd: stderr.writeFd, drained: done.promise };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
    this.#settleAll();
  }

  #receive(event: LogWorkerEvent): void {
    const entry = this.#drained.get(event.id);
    if (event.event === "failed") {
      this.#log.error("keep a guest's log failed", { path: entry?.path, reason: event.message });
      return;
    }
    entry?.done.resolve();
    this.#drained.delete(event.id);
  }

  #fail(error: Error): void {
    this.#log.error("the log thread ended", { reason: error.message });
    this.#settleAll();
  }

  #settleAll(): void {
    for (const { done } of this.#drained.values()) done.resolve();
    this.#drained.clear();
  }
}

/** Closes the caller's copies once they were handed over. */
export function closeOutput(pipes: OutputPipes): void {
  closeSync(pipes.stdoutFd);
  closeSync(pipes.stderrFd);
}
