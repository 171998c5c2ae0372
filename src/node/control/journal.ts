import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";

import { KwasmError, type Log, systemErrorCode, writeFileAtomic } from "#base";

import { LINE_BYTES_MAX, LineSplitter } from "../channel/index.ts";

/** Lines after which a journal is written anew, when most of what it says no longer holds. */
const SPARE_LINES_MAX = 2_000;
/** A journal is rewritten long before this; a larger file is not ours. */
const JOURNAL_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * An append-only file of JSON lines: what control did, written before it is done, so that a control process that was
 * killed finds its state again. Each line is one write, which survives the death of the process; a line torn by the
 * death of the machine is dropped with a warning by the caller.
 */
export class Journal<Entry> {
  readonly #path: string;
  #fd: number;
  #lines: number;
  /** Where the last whole line ends. */
  #bytes: number;

  private constructor(path: string, fd: number, lines: number) {
    this.#path = path;
    this.#fd = fd;
    this.#lines = lines;
    this.#bytes = fstatSync(fd).size;
  }

  /** Opens or creates the journal at `path`. `isTorn` says that its last line was cut; it is gone from the file then. */
  static open<Entry>(
    path: string,
    read: (value: unknown) => Entry,
  ): { journal: Journal<Entry>; entries: Entry[]; isTorn: boolean } {
    const content = readIfThere(path);
    const wholeBytes = content.lastIndexOf("\n") + 1;
    const entries = parseLines(content.subarray(0, wholeBytes), path, read);
    const fd = openSync(path, "a", 0o600);
    const isTorn = wholeBytes < content.length;
    if (isTorn) ftruncateSync(fd, wholeBytes);
    return { journal: new Journal<Entry>(path, fd, entries.length), entries, isTorn };
  }

  /**
   * As `open`, but for a journal that is damaged: it is moved aside for people to look at, over one that was there, and
   * the next begins empty. A control that ended because of it would be started again and end again for ever.
   */
  static openOrBegin<Entry>(
    path: string,
    read: (value: unknown) => Entry,
    log: Log,
  ): { journal: Journal<Entry>; entries: Entry[]; isTorn: boolean; isDamaged: boolean } {
    try {
      return { ...Journal.open(path, read), isDamaged: false };
    } catch (error) {
      if (!(error instanceof KwasmError) || (error.code !== "corrupt" && error.code !== "limit-exceeded")) throw error;
      const aside = `${path}.damaged`;
      renameSync(path, aside);
      log.error("a journal is damaged and moved aside; what it said is forgotten", { aside, reason: error.message });
      return { ...Journal.open(path, read), isDamaged: true };
    }
  }

  /** Throws a typed error where the disk takes no more; nothing of the entry is in the file then. */
  append(entry: Entry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    if (line.length > LINE_BYTES_MAX) throw tooLong(this.#path, line.length);
    try {
      const written = writeSync(this.#fd, line);
      if (written !== line.length) throw diskIsFull(this.#path);
    } catch (error) {
      // What was written of it would make one unreadable line with the entry after it.
      ftruncateSync(this.#fd, this.#bytes);
      throw KwasmError.from(error, `write the journal "${this.#path}"`);
    }
    this.#bytes += line.length;
    this.#lines++;
  }

  /** Whether so many lines are out of date that `rewrite` is worth its cost. */
  isWorthRewriting(currentEntries: number): boolean {
    return this.#lines > currentEntries * 2 + SPARE_LINES_MAX;
  }

  /** Replaces everything by `entries`, atomically. */
  rewrite(entries: readonly Entry[]): void {
    writeFileAtomic(this.#path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), 0o600);
    // The new one first: a number that was closed and is still held here may soon be somebody else's file.
    const fd = openSync(this.#path, "a", 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#lines = entries.length;
    this.#bytes = fstatSync(fd).size;
  }

  close(): void {
    if (this.#fd < 0) return;
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    this.#fd = -1;
  }
}

function tooLong(path: string, bytes: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `write the journal "${path}": an entry has "${String(bytes)}" bytes, at most "${String(LINE_BYTES_MAX)}" are read again`,
  );
}

function diskIsFull(path: string): KwasmError {
  return new KwasmError("limit-exceeded", `write the journal "${path}": the disk is full; make room`);
}

function readIfThere(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > JOURNAL_BYTES_MAX) {
      throw new KwasmError("limit-exceeded", `read the journal "${path}": it has "${String(size)}" bytes`);
    }
    return readFileSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return Buffer.alloc(0);
    throw KwasmError.from(error, `read the journal "${path}"`);
  }
}

function parseLines<Entry>(bytes: Buffer, path: string, read: (value: unknown) => Entry): Entry[] {
  try {
    return new LineSplitter(LINE_BYTES_MAX).push(bytes).map((line) => read(JSON.parse(Buffer.from(line).toString())));
  } catch (error) {
    throw new KwasmError(
      "corrupt",
      `read the journal "${path}": it is damaged; remove it to start with an empty machine`,
      { cause: error },
    );
  }
}
