import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { splitLines } from "./split-lines.ts";

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  let start = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

test("lines are the same however they were cut into chunks", async () => {
  const line = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\n"));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(9)), async (lines, sizes) => {
      const text = lines.map((each) => `${each}\n`).join("");
      assert.deepEqual(await Array.fromAsync(splitLines(cut(text, sizes), "watch")), lines);
    }),
  );
});

test("a line that was cut off is dropped", async () => {
  assert.deepEqual(await Array.fromAsync(splitLines(cut("one\ntw", [2]), "watch")), ["one"]);
});

test("a line of the limit is taken, one past it refused, in one chunk or in many", async () => {
  for (const sizes of [[], [1, 1, 1, 1]]) {
    assert.deepEqual(await Array.fromAsync(splitLines(cut("12345\n", sizes), "watch", 5)), ["12345"]);
    await assert.rejects(Array.fromAsync(splitLines(cut("123456\n", sizes), "watch", 5)), { code: "limit-exceeded" });
    await assert.rejects(Array.fromAsync(splitLines(cut("123456", sizes), "watch", 5)), { code: "limit-exceeded" });
  }
});
