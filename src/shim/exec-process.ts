import { constants } from "node:os";

import { KwasmError } from "#base";
import type { Inspection, KillSignal } from "#node";

import type { ExecCommand } from "./exec-command.ts";
import { fifosOf } from "./fifos-of.ts";
import { endingSignal } from "./signal.ts";
import type { Task, TaskExit, TaskProcess, TaskStreams } from "./task.ts";

/** What a process that could not be started is said to have exited with: "found but cannot be run" of POSIX shells. */
const UNSTARTED_CODE = 126;

export interface ExecObserver {
  onExecStart(task: Task, execId: string): void;
  onExecExit(task: Task, execId: string, exit: TaskExit): void;
}

interface ExecProcessOptions {
  readonly id: string;
  readonly task: Task;
  readonly streams: TaskStreams;
  readonly command: ExecCommand;
  readonly observer: ExecObserver;
  readonly now: () => number;
}

/** A look into a task, which containerd takes for a process that was added to it. */
export class ExecProcess implements TaskProcess {
  readonly id: string;
  readonly streams: TaskStreams;
  readonly #options: ExecProcessOptions;
  readonly #exited = Promise.withResolvers<TaskExit>();
  #status: TaskProcess["status"] = "created";
  #exit: TaskExit | undefined;
  #isStartAsked = false;
  #look: Inspection | undefined;
  /** A signal that came before the look had begun. */
  #early: KillSignal | undefined;

  constructor(options: ExecProcessOptions) {
    this.id = options.id;
    this.streams = options.streams;
    this.#options = options;
  }

  get status(): TaskProcess["status"] {
    return this.#status;
  }

  get exit(): TaskExit | undefined {
    return this.#exit;
  }

  get exited(): Promise<TaskExit> {
    return this.#exited.promise;
  }

  async start(): Promise<void> {
    const { id, task, command, observer } = this.#options;
    if (this.#isStartAsked || this.#status !== "created") {
      throw new KwasmError(
        "failed-precondition",
        `start process "${id}" of task "${task.id}": it was started or ended`,
      );
    }
    this.#isStartAsked = true;
    try {
      this.#look = await task.inspect({ ...command, streams: fifosOf(this.streams) });
    } catch (error) {
      this.#end(UNSTARTED_CODE);
      throw error;
    }
    this.#status = "running";
    observer.onExecStart(task, id);
    if (this.#early !== undefined) this.#look.kill(this.#early);
    void this.#follow(this.#look);
  }

  async kill(signal: number): Promise<void> {
    const ending = endingSignal(signal);
    if (ending === undefined || this.#status === "stopped") return;
    if (this.#look !== undefined) this.#look.kill(ending);
    else if (this.#isStartAsked) this.#early = ending;
    else this.#end(128 + constants.signals[ending]);
  }

  /** No command reads its input, and the end of what is typed at a terminal ends none. */
  async closeInput(): Promise<void> {
    // The look holds its input until it ends.
  }

  /** Ends it, if need be, and lets go of what it holds. Idempotent. */
  async remove(): Promise<void> {
    await this.kill(constants.signals.SIGKILL);
    await this.#exited.promise;
    this.#look?.close();
  }

  async #follow(look: Inspection): Promise<void> {
    const exit = this.#end(await look.ended);
    this.#options.observer.onExecExit(this.#options.task, this.id, exit);
  }

  #end(code: number): TaskExit {
    const exit = { code, atMs: this.#options.now(), isOutOfMemory: false };
    this.#status = "stopped";
    this.#exit = exit;
    this.#exited.resolve(exit);
    return exit;
  }
}
