import type { RunQueue, UsageBoard } from "../channel/index.ts";

/** The clocks of the cell's thread, nanoseconds. */
export interface MeterClocks {
  /** CLOCK_MONOTONIC, which control reads too. */
  readonly nowNs: () => number;
  /** What this thread has computed. */
  readonly threadCpuNs: () => number;
}

/** A longer slice may have been interrupted by the kernel, for another process; a shorter one hardly was. */
const SURE_SLICE_NS = 1_000_000;
/** How old the mark of the thread's own clock may become, by which a slice that may have been interrupted is measured. */
const MARK_AGE_NS = 100_000_000;

/** Measures what each guest of this thread uses, and writes it where control sees it. */
export class UsageMeter {
  readonly #queue: RunQueue;
  readonly #board: UsageBoard;
  readonly #clocks: MeterClocks;
  #markNs = 0;
  #markedAtNs = 0;
  #totalNs = 0;

  constructor(queue: RunQueue, board: UsageBoard, clocks: MeterClocks) {
    this.#queue = queue;
    this.#board = board;
    this.#clocks = clocks;
    this.#mark(clocks.nowNs());
  }

  /** A guest gets the thread as soon as those before it leave. */
  enter(guest: number): void {
    if (this.#queue.length === 0) this.#board.startSlice(this.#clocks.nowNs());
    this.#queue.enter(guest);
  }

  /**
   * `guest` gives the thread back. The slice counts for the oldest that has not left: one that has returned says so a
   * little late, and its time must not count for who came after it.
   */
  leave(guest: number, memoryBytes: number): void {
    const nowNs = this.#clocks.nowNs();
    this.#add(this.#queue.running() ?? guest, this.#sliceUntil(nowNs));
    this.#board.setMemory(guest, memoryBytes);
    this.#board.startSlice(nowNs);
    this.#queue.leave();
  }

  /** `guest` goes on behind those who wait for the thread. Where nobody does, its slice goes on, and no clock is read. */
  yield(guest: number, memoryBytes: number): void {
    if (this.#queue.length === 1) {
      this.#board.setMemory(guest, memoryBytes);
      return;
    }
    this.leave(guest, memoryBytes);
    this.enter(guest);
  }

  /** Measures what the thread does to start a guest. */
  during<Result>(guest: number, work: () => Result): Result {
    const startedNs = this.#clocks.nowNs();
    try {
      return work();
    } finally {
      this.#add(guest, this.#clocks.nowNs() - startedNs);
    }
  }

  /**
   * Answers how to add what other threads did for a guest from now on. It was measured by the clock, so what was
   * measured here meanwhile is taken off: together guests use no more than the time that passes.
   */
  beside(guest: number): (tookNs: number) => void {
    const totalBefore = this.#totalNs;
    return (tookNs) => this.#add(guest, Math.max(tookNs - (this.#totalNs - totalBefore), 0));
  }

  #add(guest: number, nanoseconds: number): void {
    this.#totalNs += nanoseconds;
    this.#board.addCpu(guest, nanoseconds);
  }

  #sliceUntil(nowNs: number): number {
    const elapsedNs = Math.max(nowNs - this.#board.sliceStartedNs(), 0);
    if (elapsedNs < SURE_SLICE_NS && nowNs - this.#markedAtNs < MARK_AGE_NS) return elapsedNs;
    return Math.min(elapsedNs, this.#mark(nowNs));
  }

  /** Answers what the thread has computed since the mark before. */
  #mark(nowNs: number): number {
    const cpuNs = this.#clocks.threadCpuNs();
    const sinceNs = cpuNs - this.#markNs;
    this.#markNs = cpuNs;
    this.#markedAtNs = nowNs;
    this.#board.markThread(cpuNs);
    return sinceNs;
  }
}
