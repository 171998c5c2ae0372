import { PassThrough, Readable } from "node:stream";

import type { Io, Output } from "../frame/io.ts";

interface TestIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly isTTY?: boolean;
}

/** An Io whose output can be read back, and whose interruption a test decides. */
export interface TestIo extends Io {
  stdoutText(): string;
  stderrText(): string;
  interrupt(): void;
}

export function createTestIo(options: TestIoOptions = {}): TestIo {
  const stdout = createCollector(options.isTTY ?? false);
  const stderr = createCollector(options.isTTY ?? false);
  const interruption = new AbortController();
  return {
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
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

function createCollector(isTTY: boolean): { readonly stream: Output; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream, text: () => chunks.join("") };
}
