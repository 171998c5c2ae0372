import { watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { KwasmError } from "#base";
import { CriPrinter, type LogFormat, parseCriLine } from "./cri-line.ts";
import { findTail } from "./find-tail.ts";

/** Bytes of one record: a cut line of 16 KiB with its prefix. What is longer was not written by the log writer. */
const RECORD_BYTES_MAX = 65_536;
const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;

export interface ReadLogOptions extends LogFormat {
  /** Only so many of the last lines. */
  readonly tailLines?: number;
  /** Present to go on after the end of the file until it aborts; what was written before that is still read. */
  readonly follow?: AbortSignal;
}

/**
 * Yields a container's log as text. Commands call this on the file itself, so that a guest's output never goes through
 * control. A log that was rotated starts with the file before; one that is rotated while it is followed goes on.
 */
export async function* readLog(path: string, options: ReadLogOptions): AsyncGenerator<string> {
  const printer = new CriPrinter(options);
  await using present = await openIfThere(path);
  if (options.tailLines === undefined) yield* readOlder(path, printer);
  if (present === undefined && options.follow === undefined) return;
  const change = options.follow === undefined ? undefined : new ChangeSignal(path, options.follow);
  using _change = change;
  let file = present ?? (await waitForFile(path, change));
  if (file === undefined) return;
  let offset = await startOf(file, options.tailLines);
  const records = new RecordSplitter();
  try {
    for (;;) {
      // Asked before reading: what is written after the answer is read in the next round.
      const isLast = change?.isOver ?? true;
      const rotated = await isRotated(path, file);
      for await (const chunk of readFrom(file, offset)) {
        offset += chunk.length;
        yield* printAll(records.push(chunk), printer);
      }
      if (rotated) {
        const next = await openIfThere(path);
        if (next !== undefined) {
          await file.close();
          file = next;
          offset = 0;
          continue;
        }
      }
      if (isLast || change === undefined) return;
      await change.next();
    }
  } finally {
    if (file !== present) await file.close();
  }
}

async function* readOlder(path: string, printer: CriPrinter): AsyncGenerator<string> {
  await using older = await openIfThere(`${path}.1`);
  if (older === undefined) return;
  const records = new RecordSplitter();
  for await (const chunk of readFrom(older, 0)) yield* printAll(records.push(chunk), printer);
}

function* printAll(lines: Iterable<string>, printer: CriPrinter): Generator<string> {
  for (const line of lines) {
    const record = parseCriLine(line);
    const text = record === undefined ? "" : printer.print(record);
    if (text !== "") yield text;
  }
}

async function* readFrom(file: FileHandle, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function startOf(file: FileHandle, tailLines: number | undefined): Promise<number> {
  if (tailLines === undefined) return 0;
  const { size } = await file.stat();
  return findTail(file, size, tailLines);
}

async function isRotated(path: string, file: FileHandle): Promise<boolean> {
  const [mine, theirs] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return theirs !== undefined && theirs.ino !== mine.ino;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    const failure = KwasmError.from(error, `read log "${path}"`);
    if (failure.code === "not-found") return undefined;
    throw failure;
  }
}

async function waitForFile(path: string, change: ChangeSignal | undefined): Promise<FileHandle | undefined> {
  for (;;) {
    const isOver = change?.isOver ?? true;
    const file = await openIfThere(path);
    if (file !== undefined || isOver || change === undefined) return file;
    await change.next();
  }
}

/** Wakes a reader when the kernel reports a change of its file, or when following is over. Never misses one. */
class ChangeSignal implements Disposable {
  readonly #watcher;
  readonly #over: AbortSignal;
  #changed = Promise.withResolvers<void>();

  constructor(path: string, over: AbortSignal) {
    this.#over = over;
    const name = basename(path);
    this.#watcher = watch(dirname(path), (_event, changed) => {
      if (changed === null || changed === name) this.#changed.resolve();
    });
    over.addEventListener("abort", this.#wake);
  }

  get isOver(): boolean {
    return this.#over.aborted;
  }

  /** Resolves at once for a change since the last call. */
  async next(): Promise<void> {
    if (!this.isOver) await this.#changed.promise;
    this.#changed = Promise.withResolvers<void>();
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#over.removeEventListener("abort", this.#wake);
  }

  readonly #wake = (): void => this.#changed.resolve();
}

/** Cuts chunks into lines; a torn one is held until its end comes, up to the limit. */
class RecordSplitter {
  #held: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<string> {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.toString("utf8", start, end);
      start = end + 1;
    }
    const rest = bytes.subarray(start);
    this.#held = rest.length > RECORD_BYTES_MAX ? Buffer.alloc(0) : rest;
  }
}
