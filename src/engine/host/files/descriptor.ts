import { closeSync, constants, openSync } from "node:fs";
import { HostError } from "../host-error.ts";

/** Linux's O_PATH, which node:fs does not name: a descriptor that only locates a file, and opens nothing. */
export const O_PATH = 0o10000000;

/** One segment that must be a directory and not a symlink; the one way in which this layer steps down. */
export const STEP_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Where the kernel finds what `fd` stands for, whatever happens to its names meanwhile. */
export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** The kernel path of one name under a directory descriptor. The name has been checked to be one segment. */
export function entryPath(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** A second descriptor of the directory behind `fd`. */
export function duplicateDirectory(fd: number): number {
  return openSync(descriptorPath(fd), O_PATH | constants.O_DIRECTORY);
}

/**
 * Owns one descriptor number. Reading a number after `close` is an error, for the kernel may have given it to another
 * guest's file by then; a close while `useAsync` is under way waits for it for the same reason.
 */
export class OwnedDescriptor implements Disposable {
  readonly #fd: number;
  #pending = 0;
  #closed = false;
  #released = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get fd(): number {
    if (this.#closed) throw new HostError("bad-descriptor", `use descriptor ${this.#fd}: it is closed`);
    return this.#fd;
  }

  /** Runs `use` with the number held open until what it returns has settled. */
  async useAsync(use: (fd: number) => Promise<void>): Promise<void> {
    const fd = this.fd;
    this.#pending += 1;
    try {
      await use(fd);
    } finally {
      this.#pending -= 1;
      this.#closeIfIdle();
    }
  }

  /** Gives the number away, to be closed by its new owner. */
  release(): number {
    const fd = this.fd;
    this.#closed = true;
    this.#released = true;
    return fd;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeIfIdle();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #closeIfIdle(): void {
    if (this.#closed && !this.#released && this.#pending === 0) closeSync(this.#fd);
  }
}
