import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { LineSplitter } from "./line-splitter.ts";

function split(chunks: readonly Uint8Array[], lineBytesMax = 1_000): string[] {
  const splitter = new LineSplitter(lineBytesMax);
  return chunks.flatMap((chunk) => splitter.push(chunk)).map((line) => Buffer.from(line).toString("latin1"));
}

test("lines come out whole however the stream was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,20}$/u)), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      assert.deepEqual(split(chunks), lines);
    }),
  );
});

test("a line at the limit passes and one byte more is refused", () => {
  assert.deepEqual(split([Buffer.from("12345678\n")], 8), ["12345678"]);
  assert.throws(() => split([Buffer.from("123456789\n")], 8), { code: "limit-exceeded" });
  assert.throws(() => split([Buffer.from("12345"), Buffer.from("6789")], 8), { code: "limit-exceeded" });
});
