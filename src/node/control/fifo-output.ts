import { closeSync, constants, openSync } from "node:fs";

import { type Log, systemErrorCode } from "#base";

import { attempt } from "../syscall/libc.ts";

/**
 * How long to wait before looking again whether a reader has come. The kernel has no event for it, and it matters only
 * while the reader is being started again, which takes it a second or more.
 */
const READER_LOOK_MS = 100;

/** Which end of a FIFO is held: the reading one for the guest's life, then the writing one until a reader has come. */
export type FifoEnd = "read" | "write";

/** Who holds copies of a FIFO's ends beside control, so that what is in it outlives control too. */
export interface FifoHold {
  /** What an earlier control opened; owned by the caller. */
  readonly inherited: Partial<Record<FifoEnd, number>>;
  keep(end: FifoEnd, descriptor: number): Promise<void>;
  /** Resolves when the copy is closed. */
  drop(end: FifoEnd): Promise<void>;
}

/**
 * A guest's output into FIFOs that somebody else made and reads. The kernel throws away what is in a FIFO when the last
 * descriptor on it closes, so control holds a reading end for the guest's life: a reader that is started again finds
 * every line, and its absence is no broken pipe for the guest. After the guest's end the FIFO is let go as soon as
 * a reader is there, which then sees the end of file.
 */
export class FifoOutput {
  readonly #path: string;
  readonly #log: Log;
  readonly #hold: FifoHold;
  #readFd: number | undefined;
  #writeFd: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends of which the hold has a copy. */
  readonly #held: Set<FifoEnd>;

  /** Throws a typed error where the FIFO cannot be opened. */
  constructor(path: string, log: Log, hold: FifoHold) {
    this.#path = path;
    this.#log = log;
    this.#hold = hold;
    this.#writeFd = hold.inherited.write;
    this.#readFd = hold.inherited.read;
    this.#held = new Set(Object.keys(hold.inherited) as FifoEnd[]);
    if (this.#writeFd !== undefined || this.#readFd !== undefined) return;
    this.#readFd = attempt(`open output "${path}"`, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    this.#keep("read", this.#readFd);
  }

  /** A writing end for the guest, which the caller owns. Does not block, as there is a reader: this object. */
  openWriter(): number {
    return attempt(`open output "${this.#path}"`, () => openSync(this.#path, constants.O_WRONLY));
  }

  /** To be called once the guest's own writing ends are closed: lets go of the FIFO when a reader has it. */
  async release(): Promise<void> {
    if (this.#readFd === undefined && this.#writeFd === undefined) return;
    try {
      this.#writeFd ??= this.openWriter();
      if (this.#readFd !== undefined) closeSync(this.#readFd);
      this.#readFd = undefined;
      // A copy of the reading end would be taken for a reader.
      await this.#drop("read");
      this.#letGo();
    } catch (error) {
      // A FIFO that was removed has no reader to wait for.
      this.#log.debug("a guest's output is gone", { path: this.#path, reason: String(error) });
      await this.close();
    }
  }

  /** Lets go at once; what nobody has read is lost. Resolves when no copy is held any more. Idempotent. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const fd of [this.#readFd, this.#writeFd]) if (fd !== undefined) closeSync(fd);
    this.#readFd = undefined;
    this.#writeFd = undefined;
    await Promise.all([...this.#held].map((end) => this.#drop(end)));
  }

  /** The writing end alone keeps what is in the FIFO, and lets the kernel say whether anybody reads. */
  #letGo(): void {
    try {
      closeSync(openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (systemErrorCode(error) === "ENXIO") {
        if (this.#writeFd !== undefined && !this.#held.has("write")) this.#keep("write", this.#writeFd);
        this.#timer = setTimeout(() => this.#letGo(), READER_LOOK_MS).unref();
        return;
      }
      this.#log.debug("a guest's output is gone", { path: this.#path, reason: String(error) });
    }
    this.#note(this.close());
  }

  #keep(end: FifoEnd, descriptor: number): void {
    this.#held.add(end);
    this.#note(this.#hold.keep(end, descriptor));
  }

  async #drop(end: FifoEnd): Promise<void> {
    if (this.#held.delete(end)) await this.#hold.drop(end);
  }

  /** Without its copy a FIFO loses at most what is in it when control dies as well. */
  #note(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#log.warn("hold a guest's output failed", { path: this.#path, reason: String(error) });
    });
  }
}
