import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { nodeCommand } from "#base";

/** A process of a program of the tree, which a test starts, reads and ends. Its log is what it writes to stderr. */
export class ProgramProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  readonly #lines: AsyncIterator<string>;
  readonly #log: AsyncIterator<string>;

  constructor(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [node, ...flags] = nodeCommand();
    const child = spawn(node, [...flags, "--disable-warning=ExperimentalWarning", program, ...words], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#log = createInterface(child.stderr)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async nextLine(): Promise<string | undefined> {
    const line = await this.#lines.next();
    return line.done === true ? undefined : line.value;
  }

  /** Resolves when a line of its log has these words. */
  async logged(words: string): Promise<void> {
    for (let line = await this.#log.next(); line.done !== true; line = await this.#log.next()) {
      if (line.value.includes(words)) return;
    }
    assert.fail(`the log ended without "${words}"`);
  }

  async exitCode(): Promise<unknown> {
    return (await this.#exited)[0];
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#exited;
  }
}
