import assert from "node:assert/strict";
import { test } from "node:test";

import { type ErrorCode, KwasmError } from "#base";

import { parseCount, parseDurationMs } from "./parse-values.ts";

function refuse(action: () => unknown, code: ErrorCode): void {
  assert.throws(action, (thrown) => thrown instanceof KwasmError && thrown.code === code);
}

test("durations are written as Go writes them", () => {
  for (const [text, expected] of [
    ["0s", 0],
    ["500ms", 500],
    ["5s", 5000],
    ["1.5m", 90_000],
    ["1h30m", 5_400_000],
    ["1h0m10s", 3_610_000],
  ] as const) {
    assert.equal(parseDurationMs(text, "--since"), expected);
  }
  for (const text of ["", "5", "s", "5 s", "-5s", "5d", "1h-30m", "5sx"]) {
    refuse(() => parseDurationMs(text, "--since"), "invalid-argument");
  }
  refuse(() => parseDurationMs(`${"9".repeat(400)}h`, "--since"), "limit-exceeded");
});

test("counts are whole numbers from their minimum on", () => {
  assert.equal(parseCount("50", "--replicas"), 50);
  assert.equal(parseCount("-1", "--tail", -1), -1);
  for (const text of ["", "-1", "1.5", "1e3", " 1", "0x1", "9".repeat(30)]) {
    refuse(() => parseCount(text, "--replicas"), "invalid-argument");
  }
});
