import type { Log } from "#base";

import type { OutputSpec } from "../workload.ts";
import type { CellHost } from "./cell-host.ts";
import type { FifoEnd, FifoHold } from "./fifo-output.ts";
import type { OutputDescriptors } from "./handover.ts";
import { closeOutput, type LogWriter } from "./log-writer.ts";
import { OpenedFifos, type OutputStream } from "./opened-fifos.ts";

/** Where one guest writes, and reads what is written to it, for the length of its life. */
export interface GuestOutput {
  /** Writing ends for the guest, and the reading end of its input. */
  readonly descriptors: OutputDescriptors;
  /** Drops control's copies of what the guest has, once they were handed over. */
  closeDescriptors(): void;
  /** Nobody will write to the guest any more. Idempotent. */
  closeInput(): void;
  /** To be called when the guest has ended; resolves when all that it wrote is where it belongs. */
  finish(): Promise<void>;
  /** To be called instead where nobody wants it any more: what nobody has read is lost. Idempotent. */
  discard(): Promise<void>;
}

export interface OutputParts {
  readonly logs: LogWriter;
  readonly log: Log;
  readonly host: CellHost;
}

/** Throws a typed error where a place to write to cannot be opened; nothing stays open then. */
export function openGuestOutput(workload: string, spec: OutputSpec, { logs, log, host }: OutputParts): GuestOutput {
  const none = { closeInput: () => undefined, discard: nothing };
  switch (spec.kind) {
    case "discard":
      return { ...none, descriptors: {}, closeDescriptors: () => undefined, finish: nothing };
    case "log": {
      const pipes = logs.open(spec.path);
      return { ...none, descriptors: pipes, closeDescriptors: () => closeOutput(pipes), finish: () => pipes.drained };
    }
    case "fifos":
      return OpenedFifos.open(spec, log, (stream) => holdOf(workload, stream, host));
  }
}

/**
 * What is left to do for a guest that an earlier control started: the guest has its own ends, and `finish` is still to
 * be called. Undefined where nothing of it is open any more.
 */
export function resumeGuestOutput(workload: string, spec: OutputSpec, parts: OutputParts): OpenedFifos | undefined {
  if (spec.kind !== "fifos") return undefined;
  return OpenedFifos.resume(spec, parts.log, (stream) => holdOf(workload, stream, parts.host));
}

async function nothing(): Promise<void> {
  // Pipes end by themselves when their writers do.
}

function holdOf(workload: string, stream: OutputStream, host: CellHost): FifoHold {
  const nameOf = (end: FifoEnd): string => `output/${stream}/${end}/${workload}`;
  function take(end: FifoEnd): Partial<Record<FifoEnd, number>> {
    const [descriptor] = host.inherited.descriptors.get(nameOf(end)) ?? [];
    host.inherited.descriptors.delete(nameOf(end));
    return descriptor === undefined ? {} : { [end]: descriptor };
  }
  return {
    inherited: { ...take("read"), ...take("write") },
    keep: (end, descriptor) => host.keep(nameOf(end), [descriptor]),
    drop: (end) => host.drop(nameOf(end)),
  };
}
