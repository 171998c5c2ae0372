import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAgo, formatBytes } from "./measures.ts";

test("sizes have three digits and a decimal unit", () => {
  for (const [bytes, expected] of [
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [4567, "4.57kB"],
    [12_345_678, "12.3MB"],
    [5e15, "5000TB"],
  ] as const) {
    assert.equal(formatBytes(bytes), expected);
  }
});

test("ages are told in their largest whole unit", () => {
  const nowMs = 1_000_000_000_000;
  for (const [seconds, expected] of [
    [-5, "0 seconds ago"],
    [1, "1 second ago"],
    [59, "59 seconds ago"],
    [60, "1 minute ago"],
    [7200, "2 hours ago"],
    [86_400 * 3, "3 days ago"],
  ] as const) {
    assert.equal(formatAgo(nowMs - seconds * 1000, nowMs), expected);
  }
});
