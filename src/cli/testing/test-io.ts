import { PassThrough, Readable } from "node:stream";

import type { Input, Io, Output } from "../frame/io.ts";

interface TestIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** What a person types at a terminal, in place of `stdin`. */
  readonly typed?: string;
  readonly isTTY?: boolean;
}

/** An Io whose output can be read back, and whose interruption a test decides. */
export interface TestIo extends Io {
  stdoutText(): string;
  stderrText(): string;
  interrupt(): void;
  /** What was asked of the terminal about echo, in order. */
  readonly rawModes: readonly boolean[];
}

export function createTestIo(options: TestIoOptions = {}): TestIo {
  const stdout = createCollector(options.isTTY ?? false);
  const stderr = createCollector(options.isTTY ?? false);
  const interruption = new AbortController();
  const rawModes: boolean[] = [];
  return {
    stdin: options.typed === undefined ? createInput(options.stdin) : createTerminal(options.typed, rawModes),
    rawModes,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    cwd: options.cwd ?? "/",
    interrupted: () => interruption.signal,
    stdoutText: stdout.text,
    stderrText: stderr.text,
    interrupt: () => interruption.abort(),
  };
}

function createInput(text: string | undefined): Input {
  return Readable.from(text === undefined ? [] : [text]);
}

function createTerminal(typed: string, rawModes: boolean[]): Input {
  const stream = new PassThrough();
  stream.write(typed);
  return Object.assign(stream, { isTTY: true, setRawMode: (isRaw: boolean) => rawModes.push(isRaw) });
}

function createCollector(isTTY: boolean): { readonly stream: Output; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream, text: () => chunks.join("") };
}
