import assert from "node:assert/strict";
import test from "node:test";

import { formatHumanDuration, formatMoment } from "./human-duration.ts";

function check(seconds: number, expected: string): void {
  test(`${seconds} s are ${expected}`, () => {
    assert.equal(formatHumanDuration(seconds * 1000), expected);
  });
}

// Expected values were printed by apimachinery v0.34.1.
check(-5, "<invalid>");
check(-1, "0s");
check(0, "0s");
check(119, "119s");
check(120, "2m");
check(121, "2m1s");
check(599, "9m59s");
check(601, "10m");
check(3600, "60m");
check(10_799, "179m");
check(10_800, "3h");
check(11_000, "3h3m");
check(28_799, "7h59m");
check(28_801, "8h");
check(172_799, "47h");
check(172_800, "2d");
check(180_000, "2d2h");
check(691_199, "7d23h");
check(700_000, "8d");
check(63_071_999, "729d");
check(63_072_000, "2y");
check(70_000_000, "2y80d");
check(252_287_999, "7y364d");
check(300_000_000, "9y");

test("a moment is printed with its weekday and zone", () => {
  assert.equal(formatMoment("2026-11-02T03:04:05Z"), "Mon, 02 Nov 2026 03:04:05 +0000");
});
