import { closeSync, constants, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { type Log, systemErrorCode } from "#base";

import { attempt } from "../syscall/libc.ts";
import { unreadBytes } from "../syscall/pipe.ts";

/**
 * How long to wait before looking again whether a reader has come. The kernel has no event for it, and it matters only
 * while the reader is being started again, which takes it a second or more.
 */
const READER_LOOK_MS = 100;

/** How long to wait at first before looking again whether a reader has read all; one that stands still is looked at less often. */
const UNREAD_LOOK_MS = 1;

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
 * a reader has read it, which then sees the end of file.
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

  /**
   * To be called once the guest's own writing ends are closed. Resolves when a reader has read all, or when there is no
   * reader to wait for: the FIFO is then let go once one has come. To be there is not enough for a reader: containerd
   * gives up a FIFO that it is still opening when it hears of the exit, with all that is in it (Cancel in cio/io_unix.go).
   */
  async release(): Promise<void> {
    if (this.#readFd === undefined && this.#writeFd === undefined) return;
    try {
      this.#writeFd ??= this.openWriter();
      if (this.#readFd !== undefined) closeSync(this.#readFd);
      this.#readFd = undefined;
      // A copy of the reading end would be taken for a reader.
      await this.#drop("read");
      await this.#letGo();
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
  async #letGo(): Promise<void> {
    for (let pauseMs = UNREAD_LOOK_MS; this.#writeFd !== undefined; pauseMs = Math.min(2 * pauseMs, READER_LOOK_MS)) {
      if (!this.#hasReader()) {
        this.#waitForReader(this.#writeFd);
        return;
      }
      if (unreadBytes(this.#writeFd) === 0) break;
      await sleep(pauseMs);
    }
    await this.close();
  }

  #hasReader(): boolean {
    try {
      closeSync(openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK));
      return true;
    } catch (error) {
      if (systemErrorCode(error) === "ENXIO") return false;
      throw error;
    }
  }

  #waitForReader(writeFd: number): void {
    if (!this.#held.has("write")) this.#keep("write", writeFd);
    this.#timer = setTimeout(() => void this.release(), READER_LOOK_MS).unref();
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
