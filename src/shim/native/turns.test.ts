import assert from "node:assert/strict";
import { test } from "node:test";

import { Turns } from "./turns.ts";

test("what has the same key follows one another, also after a failure; other keys do not wait", async () => {
  const turns = new Turns();
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const all = [
    turns.take("a", async () => {
      await first.promise;
      told.push("first");
      throw new RangeError("it went wrong");
    }),
    turns.take("a", async () => told.push("second")),
    turns.take("b", async () => told.push("other")),
  ];
  await all[2];
  first.resolve();
  await assert.rejects(async () => all[0], RangeError);
  await all[1];
  assert.deepEqual(told, ["other", "first", "second"]);
});
