import { execFile } from "node:child_process";

import { type Clock, KwasmError, systemClock } from "#base";

import { askRuntime } from "./ask-runtime.ts";
import type { Host, ProgramEnd, RuntimeAnswer } from "./host.ts";

export type { ProgramEnd };
import { HostFiles } from "./host-files.ts";

/** What a program prints is shown to people, and `config dump` has tens of kilobytes. */
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** Nothing of the installer's own container, whose libraries and options are not the node's. */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin",
  HOME: "/root",
  LC_ALL: "C",
} as const;

/**
 * The real node. Where its root is a mount in the installer's container, programs run in the mount namespace of the
 * node's process 1, which needs `hostPID` and privileges; its files are reached through the mount.
 */
export class NodeHost extends HostFiles implements Host {
  readonly clock: Clock = systemClock;

  run(command: readonly string[], timeoutMs: number): Promise<ProgramEnd> {
    const isOwn = this.root === "/";
    const enter = ["nsenter", `--mount=${this.root}/proc/1/ns/mnt`, "--"];
    const [program = "", ...words] = isOwn ? command : [...enter, ...command];
    const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
    const options = { timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX, env: environment, cwd: "/" };
    execFile(program, words, options, (error, stdout, stderr) => {
      const end = { output: stdout, complaint: stderr };
      if (error === null) resolve({ exitCode: 0, ...end });
      else if (typeof error.code === "number") resolve({ exitCode: error.code, ...end });
      else reject(notRun(command, error));
    });
    return promise;
  }

  askRuntime(socket: string): Promise<RuntimeAnswer> {
    return askRuntime(this.place(socket));
  }
}

function notRun(command: readonly string[], error: Error & { killed?: boolean }): KwasmError {
  const action = `run "${command.join(" ")}" on the node`;
  if (error.killed === true) return new KwasmError("deadline-exceeded", `${action}: it did not end in time`);
  return KwasmError.from(error, action);
}
