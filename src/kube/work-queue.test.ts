import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { HeldClock } from "./testing/held-clock.ts";
import { WorkQueue } from "./work-queue.ts";

const hour = 3_600_000;

test("a key that is added many times is given out once", async () => {
  using queue = new WorkQueue();
  for (const key of ["a", "b", "a"]) queue.add(key);
  assert.equal(queue.depth, 2);
  assert.deepEqual([await queue.take(), await queue.take()], ["a", "b"]);
});

test("a key that is added while in hand comes again when it is done, and not before", async () => {
  using queue = new WorkQueue();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a");
  assert.equal(queue.depth, 0);
  queue.done("a");
  assert.equal(await queue.take(), "a");
  queue.done("a");
  assert.equal(queue.depth, 0);
});

test("who waits for a key gets the next one", async () => {
  using queue = new WorkQueue();
  const [first, second] = [queue.take(), queue.take()];
  queue.add("a");
  queue.add("b");
  assert.deepEqual(await Promise.all([first, second]), ["a", "b"]);
});

test("the earliest time that a key was asked for counts", async () => {
  const clock = new HeldClock();
  using queue = new WorkQueue({ clock });
  queue.addAfter("a", 5000);
  queue.addAfter("a", 1000);
  queue.addAfter("b", 3000);
  await clock.advance(999);
  assert.equal(queue.depth, 0);
  await clock.advance(1);
  assert.equal(await queue.take(), "a");
  await clock.advance(2000);
  assert.equal(await queue.take(), "b");
  queue.done("a");
  await clock.advance(hour);
  assert.equal(queue.depth, 0, "the later time was given up");
});

test("retries wait twice as long each time, up to a maximum, until the key is forgotten", async () => {
  const clock = new HeldClock();
  using queue = new WorkQueue({ clock, retryBaseMs: 100, retryMaxMs: 300 });
  async function waitOfRetry(): Promise<number> {
    queue.retry("a");
    for (let waited = 0; waited <= 1000; waited += 100) {
      if (queue.depth > 0) {
        queue.done((await queue.take()) ?? "");
        return waited;
      }
      await clock.advance(100);
    }
    return Infinity;
  }
  const waits = [await waitOfRetry(), await waitOfRetry(), await waitOfRetry(), await waitOfRetry()];
  assert.deepEqual(waits, [100, 200, 300, 300]);
  queue.forget("a");
  assert.equal(await waitOfRetry(), 100);
});

test("a closed queue lets every taker go and takes nothing more", async () => {
  const queue = new WorkQueue();
  const waiting = queue.take();
  queue.close();
  queue.close();
  queue.add("a");
  queue.addAfter("b", 1);
  assert.deepEqual([await waiting, await queue.take(), queue.depth], [undefined, undefined, 0]);
});

test("no key is ever in hand twice, and none that was added is lost", async () => {
  const key = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), key }),
    fc.record({ kind: fc.constant("addAfter" as const), key, delayMs: fc.nat(500) }),
    fc.record({ kind: fc.constant("retry" as const), key }),
    fc.record({ kind: fc.constant("take" as const) }),
    fc.record({ kind: fc.constant("done" as const) }),
    fc.record({ kind: fc.constant("advance" as const), durationMs: fc.nat(300) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new HeldClock();
      using queue = new WorkQueue({ clock });
      const inHand: string[] = [];
      /** Keys that somebody is owed a look at. */
      const owed = new Set<string>();
      async function take(): Promise<void> {
        if (queue.depth === 0) return;
        const taken = (await queue.take()) ?? "";
        assert.ok(!inHand.includes(taken), "in hand once only");
        owed.delete(taken);
        inHand.push(taken);
      }
      for (const each of steps) {
        if ("key" in each) owed.add(each.key);
        if (each.kind === "add") queue.add(each.key);
        else if (each.kind === "addAfter") queue.addAfter(each.key, each.delayMs);
        else if (each.kind === "retry") queue.retry(each.key);
        else if (each.kind === "take") await take();
        else if (each.kind === "done") queue.done(inHand.shift() ?? "");
        else await clock.advance(each.durationMs);
      }
      await clock.advance(24 * hour);
      for (const held of inHand.splice(0)) queue.done(held);
      while (queue.depth > 0) await take();
      assert.deepEqual([...owed], []);
    }),
  );
});
