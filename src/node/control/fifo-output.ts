import { closeSync, constants, openSync } from "node:fs";

import { type Log, systemErrorCode } from "#base";

import { attempt } from "../syscall/libc.ts";

/**
 * How long to wait before looking again whether a reader has come. The kernel has no event for it, and it matters only
 * while the reader is being started again, which takes it a second or more.
 */
const READER_LOOK_MS = 100;

/**
 * A guest's output into FIFOs that somebody else made and reads. The kernel throws away what is in a FIFO when the last
 * descriptor on it closes, so control holds a reading end for the guest's life: a reader that is started again finds
 * every line, and its absence is no broken pipe for the guest. After the guest's end the FIFO is let go as soon as
 * a reader is there, which then sees the end of file.
 */
export class FifoOutput {
  readonly #path: string;
  readonly #log: Log;
  #readFd: number | undefined;
  #writeFd: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Throws a typed error where the FIFO cannot be opened. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#readFd = attempt(`open output "${path}"`, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  }

  /** A writing end for the guest, which the caller owns. Does not block, as there is a reader: this object. */
  openWriter(): number {
    return attempt(`open output "${this.#path}"`, () => openSync(this.#path, constants.O_WRONLY));
  }

  /** To be called once the guest's own writing ends are closed: lets go of the FIFO when a reader has it. */
  release(): void {
    if (this.#readFd === undefined) return;
    try {
      this.#writeFd ??= this.openWriter();
      closeSync(this.#readFd);
      this.#readFd = undefined;
      this.#letGo();
    } catch (error) {
      // A FIFO that was removed has no reader to wait for.
      this.#log.debug("a guest's output is gone", { path: this.#path, reason: String(error) });
      this.close();
    }
  }

  /** Lets go at once; what nobody has read is lost. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    for (const fd of [this.#readFd, this.#writeFd]) if (fd !== undefined) closeSync(fd);
    this.#readFd = undefined;
    this.#writeFd = undefined;
  }

  /** The writing end alone keeps what is in the FIFO, and lets the kernel say whether anybody reads. */
  #letGo(): void {
    try {
      closeSync(openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (systemErrorCode(error) === "ENXIO") {
        this.#timer = setTimeout(() => this.#letGo(), READER_LOOK_MS).unref();
        return;
      }
      this.#log.debug("a guest's output is gone", { path: this.#path, reason: String(error) });
    }
    this.close();
  }
}
