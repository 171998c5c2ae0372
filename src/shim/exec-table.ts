import { constants } from "node:os";

import { KwasmError } from "#base";
import type { ExecProcessRequest, MessageValue } from "#proto";

import { readExecCommand } from "./exec-command.ts";
import { type ExecObserver, ExecProcess } from "./exec-process.ts";
import type { Task } from "./task.ts";

/** Processes that one task may have at once; those that nobody deletes would stay as long as their task. */
export const EXECS_MAX = 64;

interface ExecTableOptions {
  readonly observer: ExecObserver & { onExecAdded(task: Task, execId: string): void };
  readonly now: () => number;
}

/** The processes that were added to tasks. They end with their task's own, and go with it. */
export class ExecTable {
  readonly #options: ExecTableOptions;
  readonly #execs = new Map<Task, Map<string, ExecProcess>>();

  constructor(options: ExecTableOptions) {
    this.#options = options;
  }

  /** Throws a typed error for what cannot be run in the task. */
  add(task: Task, request: MessageValue<typeof ExecProcessRequest>): void {
    const { execId: id, stdin, stdout, stderr, terminal } = request;
    const command = readExecCommand(request.spec);
    if (task.status !== "running") throw refusal(task, id, `the task is "${task.status}", not running`);
    const execs = this.#execsOf(task);
    if (execs.has(id)) {
      throw new KwasmError("already-exists", `add process "${id}" to task "${task.id}": there is one of that name`);
    }
    if (id === "") throw new KwasmError("invalid-argument", `add a process to task "${task.id}": it needs an id`);
    if (execs.size >= EXECS_MAX) throw tooMany(task, id);
    const { observer, now } = this.#options;
    const streams = { stdin, stdout, stderr, terminal };
    execs.set(id, new ExecProcess({ id, task, streams, command, observer, now }));
    observer.onExecAdded(task, id);
  }

  get(task: Task, execId: string): ExecProcess {
    const exec = this.#execs.get(task)?.get(execId);
    if (exec !== undefined) return exec;
    throw new KwasmError("not-found", `find process "${execId}" of task "${task.id}": there is none`);
  }

  /** Throws `failed-precondition` for one that runs. */
  async remove(task: Task, exec: ExecProcess): Promise<void> {
    if (exec.status === "running") {
      throw refusal(task, exec.id, "it is still running; end it first", "delete");
    }
    this.#execs.get(task)?.delete(exec.id);
    await exec.remove();
  }

  async removeAll(task: Task): Promise<void> {
    const execs = [...(this.#execs.get(task)?.values() ?? [])];
    this.#execs.delete(task);
    await Promise.all(execs.map((exec) => exec.remove()));
  }

  #execsOf(task: Task): Map<string, ExecProcess> {
    const known = this.#execs.get(task);
    if (known !== undefined) return known;
    const execs = new Map<string, ExecProcess>();
    this.#execs.set(task, execs);
    void this.#endWith(task, execs);
    return execs;
  }

  /** As the kernel does with the processes of a container whose first one has ended. */
  async #endWith(task: Task, execs: ReadonlyMap<string, ExecProcess>): Promise<void> {
    await task.exited;
    await Promise.all([...execs.values()].map((exec) => exec.kill(constants.signals.SIGKILL)));
  }
}

function refusal(task: Task, id: string, reason: string, action = "add"): KwasmError {
  return new KwasmError("failed-precondition", `${action} process "${id}" of task "${task.id}": ${reason}`);
}

function tooMany(task: Task, id: string): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `add process "${id}" to task "${task.id}": it has "${String(EXECS_MAX)}" already; delete those that ended`,
  );
}
