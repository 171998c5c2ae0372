import type { Readable, Writable } from "node:stream";

import { KwasmError } from "#base";

/** Everything that a command may touch of the process it runs in; tests hand in streams that they can read back. */
export interface Io {
  readonly stdin: Input;
  /** Results, for the next program of a pipe. */
  readonly stdout: Output;
  /** Everything else that a person should see. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /**
   * Aborts with an Interruption at the first SIGINT or SIGTERM from the first call on; until then these end the process as usual. A second
   * signal ends the process whatever the command is doing.
   */
  interrupted(): AbortSignal;
}

/** `setRawMode` is a terminal's: what is typed comes key by key and is not shown. */
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Why a command ends early: a signal, whose number is part of some exit codes. */
export class Interruption extends KwasmError {
  readonly signalName: InterruptSignal;

  constructor(signalName: InterruptSignal) {
    super("cancelled", `the command was ended by ${signalName}`);
    this.signalName = signalName;
  }
}

export type InterruptSignal = (typeof interruptSignals)[number];

const interruptSignals = ["SIGINT", "SIGTERM"] as const;

/** The real thing: the streams, environment and signals of this process. */
export function createProcessIo(): Io {
  let interruption: AbortController | undefined;
  function interrupted(): AbortSignal {
    interruption ??= listenToInterrupts();
    return interruption.signal;
  }
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    interrupted,
  };
}

/** Resolves when this process's readers have all that was written: the end of a process drops the rest. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // Even an empty write tells of a reader that went away, so only what is still to be read is waited for.
    if (stream.writableLength > 0) await new Promise<void>((resolve) => void stream.write("", () => resolve()));
  }
}

function listenToInterrupts(): AbortController {
  const controller = new AbortController();
  for (const name of interruptSignals) {
    process.on(name, () => {
      if (controller.signal.aborted) process.kill(process.pid, "SIGKILL");
      controller.abort(new Interruption(name));
    });
  }
  return controller;
}
