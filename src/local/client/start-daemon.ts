import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { KwasmError, nodeCommand } from "#base";
import type { ReadinessLine } from "../daemon/serve-daemon.ts";
import { statePaths } from "../store/state-paths.ts";

/** The descriptor on which a started control process says that it is ready. */
export const READY_FD = 3;

/** How long control may take to start: some seconds with thousands of stored objects on a busy machine. */
export const START_TIMEOUT_MS = 30_000;

/**
 * Starts control in the background, in a session of its own, and waits for its word on the pipe. `command` are the
 * words after the Node binary. Throws what control itself said, or `unavailable` when it ended without a word.
 */
export async function startDaemon(stateDir: string, command: readonly string[]): Promise<void> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const { controlLog } = statePaths(stateDir);
  const logFd = openSync(controlLog, "a", 0o600);
  try {
    const [program, ...words] = nodeCommand();
    const child = spawn(program, [...words, ...command], {
      detached: true,
      cwd: "/",
      stdio: ["ignore", logFd, logFd, "pipe"],
    });
    child.on("error", () => undefined);
    child.unref();
    // The fourth entry of stdio is a pipe that the child writes to.
    const line = await readReadiness(child.stdio[READY_FD] as Readable);
    if (line === undefined) {
      throw new KwasmError("unavailable", `start the control process: it ended at once; read "${controlLog}"`);
    }
    if (!line.ready) throw new KwasmError(line.code, line.message);
  } finally {
    closeSync(logFd);
  }
}

async function readReadiness(pipe: Readable): Promise<ReadinessLine | undefined> {
  const timer = setTimeout(() => pipe.destroy(), START_TIMEOUT_MS);
  try {
    // Written by `serveDaemon` of this same program.
    for await (const line of createInterface({ input: pipe })) return JSON.parse(line) as ReadinessLine;
    return undefined;
  } finally {
    clearTimeout(timer);
    pipe.destroy();
  }
}
