import { closeSync, readFileSync, readSync } from "node:fs";

import { type GuestUsage, readRunningGuest, type ReadPart, readUsage } from "../channel/index.ts";

/**
 * The page of a cell, as control reads it. It is read and not mapped: the cell has it too, and may cut it short, which
 * ends a process that looks at a mapping of it (SIGBUS, mmap(2)).
 */
export class CellPage {
  readonly #pid: number;
  #fd: number | undefined;

  /** Owns the descriptor. */
  constructor(fd: number, pid: number) {
    this.#fd = fd;
    this.#pid = pid;
  }

  runningGuest(): number | undefined {
    return readRunningGuest(this.#read);
  }

  /** What the cell says of a guest, unchecked but for being numbers. */
  usageOf(guest: number): GuestUsage | undefined {
    return readUsage(this.#read, guest, {
      nowNs: monotonicNs(),
      threadCpuNs: () => readThreadCpuNs(this.#pid),
    });
  }

  /** Idempotent; the page says nothing from here on. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  readonly #read: ReadPart = ({ at, bytes }) => {
    const buffer = Buffer.alloc(bytes);
    return this.#fd === undefined ? buffer : buffer.subarray(0, readSync(this.#fd, buffer, 0, bytes, at));
  };
}

/** CLOCK_MONOTONIC, the same in every process (clock_gettime(2)). */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}

/**
 * What a process's first thread has computed, nanoseconds: the first number there. Undefined once it is gone, and on
 * kernels that do not tell: a slice is then measured by the clock alone.
 */
function readThreadCpuNs(pid: number): number | undefined {
  try {
    const value = Number.parseInt(readFileSync(`/proc/${String(pid)}/schedstat`, "utf8"), 10);
    return Number.isSafeInteger(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
