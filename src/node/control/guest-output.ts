import { closeSync } from "node:fs";

import type { Log } from "#base";

import type { OutputSpec } from "../workload.ts";
import { FifoOutput } from "./fifo-output.ts";
import type { OutputDescriptors } from "./handover.ts";
import { closeOutput, type LogWriter } from "./log-writer.ts";

/** Where one guest writes, for the length of its life. */
export interface GuestOutput {
  /** Writing ends for the guest. */
  readonly descriptors: OutputDescriptors;
  /** Drops control's copies of the writing ends, once they were handed over. */
  closeDescriptors(): void;
  /** To be called when the guest has ended; resolves when all that it wrote is where it belongs. */
  finish(): Promise<void>;
}

/** Throws a typed error where a place to write to cannot be opened; nothing stays open then. */
export function openGuestOutput(spec: OutputSpec, logs: LogWriter, log: Log): GuestOutput {
  switch (spec.kind) {
    case "discard":
      return { descriptors: {}, closeDescriptors: () => undefined, finish: () => Promise.resolve() };
    case "log": {
      const pipes = logs.open(spec.path);
      return { descriptors: pipes, closeDescriptors: () => closeOutput(pipes), finish: () => pipes.drained };
    }
    case "fifos":
      return openFifos(spec, log);
  }
}

function openFifos({ stdoutPath, stderrPath }: Extract<OutputSpec, { kind: "fifos" }>, log: Log): GuestOutput {
  const fifos: FifoOutput[] = [];
  const writers: number[] = [];
  function openWriter(path: string): number {
    const fifo = new FifoOutput(path, log);
    fifos.push(fifo);
    const writer = fifo.openWriter();
    writers.push(writer);
    return writer;
  }
  function closeDescriptors(): void {
    for (const writer of writers.splice(0)) closeSync(writer);
  }
  try {
    return {
      descriptors: {
        ...(stdoutPath === undefined ? {} : { stdoutFd: openWriter(stdoutPath) }),
        ...(stderrPath === undefined ? {} : { stderrFd: openWriter(stderrPath) }),
      },
      closeDescriptors,
      // What was written is safe with the kernel: nobody has to wait for its reader.
      finish: async () => {
        for (const fifo of fifos) fifo.release();
      },
    };
  } catch (error) {
    closeDescriptors();
    for (const fifo of fifos) fifo.close();
    throw error;
  }
}
