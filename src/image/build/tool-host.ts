import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { KwasmError } from "#base";

/** What a build asks of the machine; tests give one that has whichever tools they need. */
export interface ToolHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a program on PATH, or undefined. */
  findProgram(name: string): string | undefined;
  exists(path: string): boolean;
  /** A short text such as a project's description, or undefined where there is no such file. */
  readText(path: string): string | undefined;
  /** Runs a program to its end. A failing one is a result; one that cannot be started is an error. */
  run(command: readonly [string, ...string[]], options: ToolOptions): Promise<ToolResult>;
}

export interface ToolOptions {
  readonly directory: string;
  /** Variables on top of the host's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ToolResult {
  /** 128 and more for a program that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compilers can print without end; the last lines are those that matter. */
const TOOL_OUTPUT_BYTES_MAX = 4 * 2 ** 20;

/** A cold build of a large Rust project takes minutes; one that takes longer than this hangs. */
const TOOL_MS_MAX = 30 * 60_000;

/** The machine as it is. */
export const systemToolHost: ToolHost = {
  env: process.env,
  findProgram: (name) => findOnPath(name, process.env["PATH"] ?? ""),
  exists: existsSync,
  readText,
  run: runTool,
};

function findOnPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not ours to run: not a program that a build could use.
    return false;
  }
}

/** Descriptions of projects are short; what is longer is none. */
const TEXT_BYTES_MAX = 2 ** 20;

function readText(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > TEXT_BYTES_MAX) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw KwasmError.from(error, `reading "${path}"`);
  }
}

async function runTool(command: readonly [string, ...string[]], options: ToolOptions): Promise<ToolResult> {
  const [program, ...words] = command;
  const deadline = AbortSignal.timeout(TOOL_MS_MAX);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const child = spawn(program, words, {
    cwd: options.directory,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  try {
    const [exitCode, stdout, stderr] = await Promise.all([ended, readTail(child.stdout), readTail(child.stderr)]);
    return { exitCode, stdout, stderr };
  } catch (error) {
    if (!deadline.aborted) throw KwasmError.from(error, `running "${program}"`);
    throw new KwasmError("deadline-exceeded", `running "${program}": it took longer than ${TOOL_MS_MAX} ms`);
  }
}

async function readTail(stream: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    while (size > TOOL_OUTPUT_BYTES_MAX && chunks.length > 1) size -= chunks.shift()?.byteLength ?? 0;
  }
  return Buffer.concat(chunks).toString("utf8");
}
