import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, silentLog } from "#base";
import { type ReconcileResult, WorkQueue } from "./work-queue.ts";

/** A clock whose sleepers wake when the test says so. */
class HeldClock implements Clock {
  readonly delays: number[] = [];
  readonly #sleepers: (() => void)[] = [];

  nowMs(): number {
    return 0;
  }

  sleep(delayMs: number): Promise<void> {
    this.delays.push(delayMs);
    return new Promise((resolve) => this.#sleepers.push(resolve));
  }

  wake(): void {
    for (const resolve of this.#sleepers.splice(0)) resolve();
  }
}

function makeQueue(reconcile: (key: string) => ReconcileResult | Promise<ReconcileResult>): {
  queue: WorkQueue;
  clock: HeldClock;
} {
  const clock = new HeldClock();
  return { queue: new WorkQueue({ name: "test", clock, log: silentLog, reconcile }), clock };
}

test("a key that is added many times is looked at once", async () => {
  const seen: string[] = [];
  const { queue } = makeQueue((key) => void seen.push(key));
  for (const key of ["a", "b", "a", "a"]) queue.add(key);
  await queue.idle();
  assert.deepEqual(seen, ["a", "b"]);
});

test("a key that is added during its own look is looked at once more", async () => {
  const seen: string[] = [];
  const { queue } = makeQueue((key) => {
    seen.push(key);
    if (seen.length === 1) queue.add(key);
  });
  queue.add("a");
  await queue.idle();
  assert.deepEqual(seen, ["a", "a"]);
});

test("a failure waits longer each time, and others go on meanwhile", async () => {
  const seen: string[] = [];
  const { queue, clock } = makeQueue((key) => {
    seen.push(key);
    if (key === "bad") throw new Error("no");
  });
  queue.add("bad");
  queue.add("good");
  await queue.idle();
  clock.wake();
  await new Promise((resolve) => setImmediate(resolve));
  await queue.idle();
  assert.deepEqual(seen, ["bad", "good", "bad"]);
  assert.deepEqual(clock.delays, [50, 100]);
});

test("an answer may ask for another look later", async () => {
  const { queue, clock } = makeQueue(() => ({ requeueAfterMs: 123 }));
  queue.add("a");
  await queue.idle();
  assert.deepEqual(clock.delays, [123]);
});

test("a closed queue looks at nothing more", async () => {
  const seen: string[] = [];
  const { queue } = makeQueue((key) => void seen.push(key));
  queue.add("a");
  await queue.close();
  queue.add("b");
  assert.deepEqual(seen, []);
});
