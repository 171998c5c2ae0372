import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { CELL_PAGE_BYTES, USAGE_SLOTS } from "./cell-page.ts";
import { type GuestUsage, readRunningGuest, type ReadPart, readUsage } from "./read-usage.ts";
import { RunQueue } from "./run-queue.ts";
import { UsageBoard } from "./usage-board.ts";

/** A cell's page, written as cells do and read as control does. */
class Page {
  readonly buffer = new ArrayBuffer(CELL_PAGE_BYTES);
  readonly queue = new RunQueue(new Int32Array(this.buffer));
  readonly board = new UsageBoard(this.buffer);
  readonly read: ReadPart = ({ at, bytes }) => new Uint8Array(this.buffer.slice(at, at + bytes));

  usageOf(guest: number, nowNs = 0, threadCpuNs?: number): GuestUsage | undefined {
    return readUsage(this.read, guest, { nowNs, threadCpuNs: () => threadCpuNs });
  }
}

test("a guest's time and memory are those that were written, and the slice that it is in", () => {
  const page = new Page();
  assert.equal(page.usageOf(7), undefined);
  page.board.open(7);
  page.board.addCpu(7, 10);
  page.board.setMemory(7, 65_536);
  assert.deepEqual(page.usageOf(7), { cpuNanoseconds: 10, memoryBytes: 65_536 });
  page.board.startSlice(100);
  page.queue.enter(7);
  assert.equal(page.usageOf(7, 150)?.cpuNanoseconds, 60);
  page.board.open(8);
  assert.equal(page.usageOf(8, 150)?.cpuNanoseconds, 0, "another one has the thread");
});

test("a slice is no longer than what the thread has computed since it was last looked at", () => {
  const page = new Page();
  page.board.open(7);
  page.board.markThread(1_000);
  page.board.startSlice(100);
  page.queue.enter(7);
  assert.equal(page.usageOf(7, 150, 1_020)?.cpuNanoseconds, 20);
  assert.equal(page.usageOf(7, 150, 9_000)?.cpuNanoseconds, 50);
  assert.equal(page.usageOf(7, 50, 9_000)?.cpuNanoseconds, 0, "the clock of another process is a little behind");
});

test("a slot belongs to the guest that took it last", () => {
  const page = new Page();
  page.board.open(7);
  page.board.addCpu(7, 10);
  page.board.open(7 + USAGE_SLOTS);
  assert.equal(page.usageOf(7), undefined);
  assert.deepEqual(page.usageOf(7 + USAGE_SLOTS), { cpuNanoseconds: 0, memoryBytes: 0 });
  page.board.open(USAGE_SLOTS - 1);
  assert.ok(page.usageOf(USAGE_SLOTS - 1), "the last slot is in the page");
});

test("a slice that ends while it is looked at is counted once", () => {
  const page = new Page();
  page.board.open(7);
  page.board.startSlice(100);
  page.queue.enter(7);
  let readings = 0;
  const read: ReadPart = (part) => {
    const bytes = page.read(part);
    // After the slot and the queue were read, the guest suspends.
    if (++readings === 2) {
      page.board.addCpu(7, 50);
      page.board.startSlice(150);
      page.queue.leave();
    }
    return bytes;
  };
  assert.equal(readUsage(read, 7, { nowNs: 150, threadCpuNs: () => undefined })?.cpuNanoseconds, 50);
});

test("whatever a cell has written, what is read of it are numbers or nothing", () => {
  const numbers = fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 60));
  const parts = fc.record({ slot: fc.array(numbers, { maxLength: 4 }), header: fc.array(numbers, { maxLength: 8 }) });
  fc.assert(
    fc.property(parts, fc.uint8Array({ maxLength: 200 }), fc.boolean(), ({ slot, header }, bytes, isOwn) => {
      const page = new Page();
      new Uint8Array(page.buffer).set(bytes);
      page.board.open(7);
      const read: ReadPart = (part) => {
        if (part.at < 4_160) return page.read(part);
        const values = part.bytes === 64 ? header : slot;
        return new Uint8Array(Float64Array.from(isOwn && part.bytes < 64 ? [7, ...values.slice(0, 3)] : values).buffer);
      };
      const usage = readUsage(read, 7, { nowNs: 1_000, threadCpuNs: () => 500 });
      for (const value of usage === undefined ? [] : Object.values(usage)) assert.ok(value >= 0 && value < Infinity);
      const running = readRunningGuest(read);
      assert.ok(running === undefined || Number.isSafeInteger(running));
    }),
  );
});

test("a page that was cut short says nothing", () => {
  assert.equal(
    readUsage(() => new Uint8Array(), 7, { nowNs: 0, threadCpuNs: () => undefined }),
    undefined,
  );
  assert.equal(
    readRunningGuest(() => new Uint8Array()),
    undefined,
  );
});
