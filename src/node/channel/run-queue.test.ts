import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { RUN_QUEUE_BYTES, RunQueue } from "./run-queue.ts";

function emptyPage(): Int32Array {
  return new Int32Array(RUN_QUEUE_BYTES / Int32Array.BYTES_PER_ELEMENT);
}

test("the oldest guest that has not left is the one that runs", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant("leave" as const))), (steps) => {
      const queue = new RunQueue(emptyPage());
      const model: number[] = [];
      for (const step of steps) {
        if (step === "leave") {
          queue.leave();
          model.shift();
        } else {
          queue.enter(step);
          model.push(step);
        }
        assert.equal(queue.running(), model[0]);
      }
    }),
  );
});

test("counters may wrap", () => {
  const page = emptyPage();
  page.fill(2 ** 31 - 2, 0, 2);
  const queue = new RunQueue(page);
  for (let guest = 1; guest <= 5; guest++) queue.enter(guest);
  for (let guest = 1; guest <= 5; guest++) {
    assert.equal(queue.running(), guest);
    queue.leave();
  }
  assert.equal(queue.running(), undefined);
});

test("more resumed guests than the page holds hide the answer until they have run", () => {
  const queue = new RunQueue(emptyPage());
  for (let guest = 1; guest <= 1_025; guest++) queue.enter(guest);
  assert.equal(queue.running(), undefined);
  queue.leave();
  assert.equal(queue.running(), 2);
});
