import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
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
  if (options.tailLines === undefined) yield* readOlder(path, printer);
  using change = followChanges(path, options.follow);
  await using cursor = await openCursor(path, change);
  if (cursor === undefined) return;
  if (options.tailLines !== undefined) await cursor.skipToTail(options.tailLines);
  for (;;) {
    // Both are asked before reading: what is written after the answers is read in the next round.
    const isLast = change?.isOver ?? true;
    const isRotated = await cursor.isRotated();
    for await (const line of cursor.readNew()) yield* printLine(line, printer);
    if (isRotated && (await cursor.moveToSuccessor())) continue;
    if (isLast) return;
    await change?.next();
  }
}

function followChanges(path: string, follow: AbortSignal | undefined): ChangeSignal | undefined {
  return follow === undefined ? undefined : new ChangeSignal(path, follow);
}

async function* readOlder(path: string, printer: CriPrinter): AsyncGenerator<string> {
  await using cursor = await openCursor(`${path}.1`);
  if (cursor === undefined) return;
  for await (const line of cursor.readNew()) yield* printLine(line, printer);
}

function* printLine(line: string, printer: CriPrinter): Generator<string> {
  const record = parseCriLine(line);
  const text = record === undefined ? "" : printer.print(record);
  if (text !== "") yield text;
}

/** Waits for the file where there is a signal to wait by; undefined when it never came. */
async function openCursor(path: string, change?: ChangeSignal): Promise<LogCursor | undefined> {
  for (;;) {
    const isOver = change?.isOver ?? true;
    const file = await openIfThere(path);
    if (file !== undefined) return new LogCursor(path, file);
    if (isOver) return undefined;
    await change?.next();
  }
}

/** How far a log has been read, and in which file: a rotated one is read to its end before the one that follows it. */
class LogCursor implements AsyncDisposable {
  readonly #path: string;
  readonly #records = new RecordSplitter();
  #file: FileHandle;
  #offset = 0;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async skipToTail(lineCount: number): Promise<void> {
    const { size } = await this.#file.stat();
    this.#offset = await findTail(this.#file, size, lineCount);
  }

  /** The lines from where the last call ended to the present end, which a flooding guest may move on meanwhile. */
  async *readNew(): AsyncGenerator<string> {
    const { size } = await this.#file.stat();
    while (this.#offset < size) {
      const bytesMax = Math.min(CHUNK_BYTES, size - this.#offset);
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(bytesMax), 0, bytesMax, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      yield* this.#records.push(buffer.subarray(0, bytesRead));
    }
  }

  /** Whether another file has the log's name now. */
  async isRotated(): Promise<boolean> {
    await using present = await openIfThere(this.#path);
    if (present === undefined) return false;
    const [mine, theirs] = await Promise.all([this.#file.stat(), present.stat()]);
    return mine.ino !== theirs.ino;
  }

  /** False while the log has no file. */
  async moveToSuccessor(): Promise<boolean> {
    const next = await openIfThere(this.#path);
    if (next === undefined) return false;
    await this.#file.close();
    this.#file = next;
    this.#offset = 0;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
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
