import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { criTime, CriLogFormatter, LOG_LINE_BYTES_MAX } from "./cri-log.ts";

function format(chunks: readonly string[]): string {
  const formatter = new CriLogFormatter("stdout");
  const records = [...chunks.flatMap((chunk) => formatter.push(Buffer.from(chunk), "T")), ...formatter.end("T")];
  return Buffer.concat(records).toString();
}

const cases: readonly (readonly [what: string, chunks: readonly string[], expected: string])[] = [
  ["a line", ["one\n"], "T stdout F one\n"],
  ["two lines of one write", ["one\ntwo\n"], "T stdout F one\nT stdout F two\n"],
  ["a line of two writes", ["o", "ne\n"], "T stdout F one\n"],
  ["an empty line", ["\n"], "T stdout F \n"],
  ["a last line without its newline", ["one"], "T stdout F one\n"],
  ["nothing", [], ""],
  ["a line at the limit", [`${"x".repeat(LOG_LINE_BYTES_MAX)}\n`], `T stdout F ${"x".repeat(LOG_LINE_BYTES_MAX)}\n`],
  [
    "a line past the limit",
    [`${"x".repeat(LOG_LINE_BYTES_MAX)}y\n`],
    `T stdout P ${"x".repeat(LOG_LINE_BYTES_MAX)}\nT stdout F y\n`,
  ],
];
for (const [what, chunks, expected] of cases) {
  test(`${what} becomes CRI records`, () => assert.equal(format(chunks), expected));
}

test("joined records say what was written, however it was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z\n]{0,30}$/u)), (chunks) => {
      const text = chunks.join("");
      const lines = format(chunks)
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.slice("T stdout F ".length));
      const expected = text.endsWith("\n") || text === "" ? text.split("\n").slice(0, -1) : text.split("\n");
      assert.deepEqual(lines, expected);
    }),
  );
});

test("a guest that never ends its line holds no more than one line of memory", () => {
  const formatter = new CriLogFormatter("stderr");
  let bytes = 0;
  for (let writes = 0; writes < 100; writes++) {
    for (const record of formatter.push(Buffer.alloc(10_000, 0x61), "T")) bytes += record.length;
  }
  assert.ok(bytes >= 100 * 10_000 - LOG_LINE_BYTES_MAX);
});

test("times have nine digits and end in Z", () => {
  assert.equal(criTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6), 78), "2026-01-02T03:04:05.006000078Z");
});
