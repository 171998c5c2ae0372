import {
  discardedOutput,
  inputFromFd,
  type InputStream,
  openTerminal,
  outputFromFd,
  type OutputStream,
  type TerminalSignal,
} from "#engine";

import type { GuestOrder } from "../channel/index.ts";

type StreamsOrder = Pick<GuestOrder, "stdinDescriptor" | "stdoutDescriptor" | "stderrDescriptor" | "isTerminal">;

/** Standard streams as they were granted; what is left out was not. */
export interface GrantedStreams {
  readonly stdin?: InputStream;
  readonly stdout?: OutputStream;
  readonly stderr?: OutputStream;
}

interface StreamsParts {
  /** Takes one of the descriptors that came with the order. */
  readonly take: (place: number) => number;
  /** Remembers what was opened, to be closed where the rest cannot be. */
  readonly keep: <Handle extends { close(): void }>(handle: Handle) => Handle;
  /** A key of the terminal asked for a signal. */
  readonly onSignal: (signal: TerminalSignal) => void;
}

/** Opens the streams that came with an order. */
export function openStreams(order: StreamsOrder, { take, keep, onSignal }: StreamsParts): GrantedStreams {
  const { stdinDescriptor, stdoutDescriptor, stderrDescriptor } = order;
  const input = stdinDescriptor === undefined ? undefined : keep(inputFromFd(take(stdinDescriptor)));
  const output = stdoutDescriptor === undefined ? undefined : keep(outputFromFd(take(stdoutDescriptor)));
  if (order.isTerminal === true) return openTerminal({ input, output: output ?? discardedOutput, onSignal });
  const errors = stderrDescriptor === undefined ? undefined : keep(outputFromFd(take(stderrDescriptor)));
  return { ...(input && { stdin: input }), ...(output && { stdout: output }), ...(errors && { stderr: errors }) };
}

export async function flushStreams({ stdout, stderr }: GrantedStreams): Promise<void> {
  await Promise.all([stdout?.flush(), stderr?.flush()]);
}
