import assert from "node:assert/strict";
import { test } from "node:test";

import { CELL_PAGE_BYTES, type GuestUsage, readUsage, RunQueue, UsageBoard } from "../channel/index.ts";
import { UsageMeter } from "./usage-meter.ts";

const MILLISECOND = 1_000_000;

/** A meter whose clocks the test moves; the thread computes as long as the clock goes, unless told otherwise. */
class Bench {
  readonly #page = new ArrayBuffer(CELL_PAGE_BYTES);
  readonly board = new UsageBoard(this.#page);
  #nowNs = 5_000;
  #threadNs = 300;
  readonly meter = new UsageMeter(new RunQueue(new Int32Array(this.#page)), this.board, {
    nowNs: () => this.#nowNs,
    threadCpuNs: () => this.#threadNs,
  });

  constructor(...guests: readonly number[]) {
    for (const guest of guests) this.board.open(guest);
  }

  pass(nanoseconds: number, computed = nanoseconds): void {
    this.#nowNs += nanoseconds;
    this.#threadNs += computed;
  }

  usageOf(guest: number): GuestUsage | undefined {
    const read = ({ at, bytes }: { at: number; bytes: number }) => new Uint8Array(this.#page.slice(at, at + bytes));
    return readUsage(read, guest, { nowNs: this.#nowNs, threadCpuNs: () => this.#threadNs });
  }

  cpuOf(...guests: readonly number[]): (number | undefined)[] {
    return guests.map((guest) => this.usageOf(guest)?.cpuNanoseconds);
  }
}

test("a guest's time is that between its turns' begins and ends, and its memory what it had at the last", () => {
  const bench = new Bench(1, 2);
  bench.meter.enter(1);
  bench.pass(10);
  bench.meter.leave(1, 65_536);
  bench.pass(1_000);
  bench.meter.enter(1);
  // Its wait was settled while the other one runs.
  bench.meter.enter(2);
  bench.pass(5);
  assert.deepEqual(bench.cpuOf(1, 2), [15, 0]);
  bench.meter.leave(1, 131_072);
  bench.pass(7);
  bench.meter.leave(2, 65_536);
  assert.deepEqual(bench.cpuOf(1, 2), [15, 7]);
  assert.equal(bench.usageOf(1)?.memoryBytes, 131_072);
});

test("a guest whose calls are answered at once lets those who wait go first, and is counted to its next wait", () => {
  const bench = new Bench(1, 2);
  bench.meter.enter(1);
  bench.pass(10);
  bench.meter.yield(1, 65_536);
  assert.deepEqual(bench.usageOf(1), { cpuNanoseconds: 10, memoryBytes: 65_536 });
  bench.meter.enter(2);
  bench.pass(5);
  bench.meter.yield(1, 65_536);
  bench.pass(3);
  bench.meter.leave(2, 0);
  bench.pass(2);
  bench.meter.leave(1, 0);
  assert.deepEqual(bench.cpuOf(1, 2), [17, 3]);
});

test("time of a guest that has returned does not count for the one that runs before it has said so", () => {
  const bench = new Bench(1, 2);
  bench.meter.enter(1);
  bench.meter.enter(2);
  bench.pass(500);
  bench.meter.leave(2, 0);
  bench.meter.leave(1, 0);
  assert.deepEqual(bench.cpuOf(1, 2), [500, 0]);
});

test("time in which the kernel ran somebody else is nobody's", () => {
  const bench = new Bench(1);
  bench.meter.enter(1);
  bench.pass(8 * MILLISECOND, 3 * MILLISECOND);
  assert.deepEqual(bench.cpuOf(1), [3 * MILLISECOND]);
  bench.meter.leave(1, 0);
  assert.deepEqual(bench.cpuOf(1), [3 * MILLISECOND]);
  bench.meter.enter(1);
  bench.pass(2 * MILLISECOND);
  bench.meter.leave(1, 0);
  assert.deepEqual(bench.cpuOf(1), [5 * MILLISECOND]);
});

test("what is done to start a guest counts for it, and compiling beside the thread for what passed only", () => {
  const bench = new Bench(1, 2);
  bench.meter.during(1, () => bench.pass(20));
  const addCompiling = bench.meter.beside(1);
  bench.meter.enter(2);
  bench.pass(30);
  bench.meter.leave(2, 0);
  bench.pass(10);
  addCompiling(40);
  assert.deepEqual(bench.cpuOf(1, 2), [30, 30]);
});
