import assert from "node:assert/strict";
import { test } from "node:test";

import { HandoverGate } from "./handover-gate.ts";

test("no more than the limit are under way at once, and all come through in their order", async () => {
  const gate = new HandoverGate();
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  const done = Array.from({ length: 100 }, (_, index) =>
    gate.pass(async () => {
      begun.push(index);
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay--;
      return index;
    }),
  );
  assert.deepEqual(await Promise.all(done), [...Array(100).keys()]);
  assert.deepEqual(begun, [...Array(100).keys()]);
  assert.equal(most, 32);
});

test("one that fails makes room for the next", async () => {
  const gate = new HandoverGate();
  const failed = Array.from({ length: 40 }, () => gate.pass(() => Promise.reject(new Error("no"))));
  const ends = await Promise.allSettled(failed);
  assert.ok(ends.every(({ status }) => status === "rejected"));
});
