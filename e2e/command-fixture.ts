import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { text } from "node:stream/consumers";

import { connectIfRunning, type Health, type Pod } from "#local";

import { assemble } from "./machine-fixture.ts";

export const root = resolve(import.meta.dirname, "..");
const program = join(root, "kwasm");

// What the first use says about setting itself up is not what these tests compare.
execFileSync(join(root, "tools/prepare"), ["--bundle"], { stdio: "ignore" });

/** Looks at something that tells nobody when it changes. */
const LOOK_AGAIN_MS = 50;
/** Far more than anything here takes on a machine that is busy with other tests. */
const WAIT_MS_MAX = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Expected {
  readonly code?: number;
  readonly stdout?: RegExp | string;
  readonly stderr?: RegExp | string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface RunOptions extends StartOptions {
  readonly input?: string;
}

/**
 * The `kwasm` command as a user types it, with a state folder of its own whose path has spaces. Whatever it started is
 * ended and removed at the end, however the test ends.
 */
export class KwasmCommand implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "kwasm e2e-"));
  readonly stateDirectory = join(this.directory, "state of a test");

  /** Starts the command; for those that go on until they are told to end. */
  start(words: readonly string[], options: StartOptions = {}): ChildProcessWithoutNullStreams {
    return spawn(program, words, this.#spawnOptions(options));
  }

  /** As `start`, in a process group of its own, as a shell starts it in a terminal. */
  startGroup(words: readonly string[], options: StartOptions = {}): ChildProcessWithoutNullStreams {
    return spawn(program, words, { ...this.#spawnOptions(options), detached: true });
  }

  /** Runs the command to its end. */
  async run(words: readonly string[], { input = "", ...options }: RunOptions = {}): Promise<Ended> {
    const child = this.start(words, options);
    // A command that does not read may end first.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return endOf(child);
  }

  /** Runs a line whose words are separated by single spaces, and compares how it ends. */
  async check(
    line: string,
    { code = 0, stdout = /^/, stderr = "" }: Expected,
    options: RunOptions = {},
  ): Promise<Ended> {
    const ended = await this.run(line.split(" "), options);
    const shown = `kwasm ${line}\n${ended.stdout}${ended.stderr}`;
    assert.equal(ended.code, code, shown);
    checkText(ended.stdout, stdout, shown);
    checkText(ended.stderr, stderr, shown);
    return ended;
  }

  async pods(): Promise<readonly Pod[]> {
    const { stdout, stderr } = await this.run(["get", "pods", "-A", "-o", "json"]);
    assert.equal(stderr, "");
    // What `-o json` prints is the list of the objects asked for.
    return (JSON.parse(stdout) as { items: Pod[] }).items;
  }

  /** Waits until all pods together are as `isMet` wants them. */
  async podsOnce(what: string, isMet: (pods: readonly Pod[]) => boolean): Promise<readonly Pod[]> {
    let pods: readonly Pod[] = [];
    const describe = (): string => `${what}: ${JSON.stringify(pods.map(({ status }) => status?.containerStatuses))}`;
    await until(describe, async () => {
      pods = await this.pods();
      return isMet(pods);
    });
    return pods;
  }

  /** The control process and what it has started. */
  async health(): Promise<Health> {
    const client = await connectIfRunning(this.stateDirectory);
    assert.ok(client !== undefined, "a control process answers");
    return client.health();
  }

  /** Writes a file into the test's folder and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    mkdirSync(resolve(path, ".."), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Writes the module of `testdata/NAME.wat` into a folder of the test's. */
  writeGuest(name: string, folder = "."): string {
    return this.write(join(folder, `${name}.wasm`), assemble(name));
  }

  #spawnOptions({ cwd = root, env = {} }: StartOptions) {
    return { cwd, env: { ...process.env, KWASM_STATE: this.stateDirectory, ...env } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(["down"]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const ended = Promise.withResolvers<number | null>();
  child.once("error", ended.reject);
  child.once("close", ended.resolve);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended.promise]);
  return { code, stdout, stderr };
}

/** Resolves with all that was written once it matches. */
export async function outputOnce(stream: AsyncIterable<unknown>, pattern: RegExp): Promise<string> {
  let seen = "";
  for await (const chunk of stream) {
    seen += String(chunk);
    if (pattern.test(seen)) return seen;
  }
  assert.match(seen, pattern);
  return seen;
}

/** Asks over and over until the answer is yes; fails with `what` when it never is. */
export async function until(what: string | (() => string), isMet: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = AbortSignal.timeout(WAIT_MS_MAX);
  while (!(await isMet())) {
    if (deadline.aborted) assert.fail(typeof what === "string" ? what : what());
    await setTimeout(LOOK_AGAIN_MS);
  }
}

/** The process and all its descendants. */
export function processTree(pid: number): readonly number[] {
  const parents = new Map(listProcesses().map((child) => [child, parentOf(child)]));
  const tree = [pid];
  // Grows while it is walked: children come behind their parents.
  for (const parent of tree) tree.push(...[...parents].filter(([, own]) => own === parent).map(([child]) => child));
  return tree;
}

export function isAlive(pid: number): boolean {
  return !["", "Z", "X"].includes(statOf(pid)[0] ?? "");
}

function listProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1]);
}

/** State and parent, as proc_pid_stat(5) has them behind the name in parentheses; empty where there is no process. */
function statOf(pid: number): readonly string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended since the folder was read.
    return [];
  }
}

function checkText(actual: string, expected: RegExp | string, shown: string): void {
  if (typeof expected === "string") assert.equal(actual, expected, shown);
  else assert.match(actual, expected, shown);
}
