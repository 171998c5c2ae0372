import { closeSync, writeSync } from "node:fs";
import { KwasmError } from "#base";
import { type DaemonOptions, runDaemon } from "./run-daemon.ts";

/** What the starting process reads on the readiness pipe: one JSON line. */
export type ReadinessLine =
  | { readonly ready: true; readonly pid: number }
  | { readonly ready: false; readonly code: KwasmError["code"]; readonly message: string };

export interface ServeOptions extends DaemonOptions {
  /** Descriptor of the readiness pipe; absent when started by hand. */
  readonly readyFd?: number;
}

/**
 * The whole life of a control process: starts it, says on the pipe how that went, and resolves with the process's exit
 * status once a signal or `down` has ended it. The caller then calls `process.exit` at once: those who asked for `down`
 * stay connected, and take the end of their connection for the end of the process.
 */
export async function serveDaemon(options: ServeOptions): Promise<number> {
  let daemon;
  try {
    daemon = await runDaemon(options);
  } catch (error) {
    const { code, message } = KwasmError.from(error, "start the control process");
    announce(options.readyFd, { ready: false, code, message });
    return 1;
  }
  const stop = (): void => void daemon.close();
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", ignoreHangup);
  announce(options.readyFd, { ready: true, pid: process.pid });
  await daemon.closed;
  return 0;
}

function announce(readyFd: number | undefined, line: ReadinessLine): void {
  if (readyFd === undefined) return;
  writeSync(readyFd, `${JSON.stringify(line)}\n`);
  closeSync(readyFd);
}

/** Control outlives the terminal of the command that started it. */
function ignoreHangup(): void {
  return undefined;
}
