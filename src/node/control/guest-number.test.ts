import assert from "node:assert/strict";
import { test } from "node:test";

import { USAGE_SLOTS, usageSlotOf } from "../channel/index.ts";
import { nextGuestNumber } from "./guest-number.ts";

function slotsOf(guests: readonly number[]): ReadonlySet<number> {
  return new Set(guests.map(usageSlotOf));
}

test("numbers count up and leave out those whose slot another guest of the cell has", () => {
  assert.equal(nextGuestNumber(0, slotsOf([])), 1);
  assert.equal(nextGuestNumber(7, slotsOf([7, 5])), 8);
  assert.equal(nextGuestNumber(USAGE_SLOTS + 4, slotsOf([5, 6, 8])), USAGE_SLOTS + 7);
});

test("a cell takes as many guests as there are slots, and not one more", () => {
  const guests = Array.from({ length: USAGE_SLOTS }, (_, index) => index + 1);
  assert.equal(nextGuestNumber(USAGE_SLOTS, slotsOf(guests.slice(1))), USAGE_SLOTS + 1);
  assert.equal(nextGuestNumber(USAGE_SLOTS, slotsOf(guests.slice(0, -1))), 2 * USAGE_SLOTS);
  assert.throws(() => nextGuestNumber(USAGE_SLOTS, slotsOf(guests)), { code: "limit-exceeded" });
});
