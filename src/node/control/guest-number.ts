import { KwasmError } from "#base";

import { USAGE_SLOTS, usageSlotOf } from "../channel/index.ts";

/**
 * The next number after `last` for a guest of a cell whose guests have the slots `taken` on the usage board: one with a slot of its own.
 * Throws where the board is full.
 */
export function nextGuestNumber(last: number, taken: ReadonlySet<number>): number {
  if (taken.size >= USAGE_SLOTS) {
    throw new KwasmError(
      "limit-exceeded",
      `place a guest: its cell holds "${String(USAGE_SLOTS)}" already, and no more; end some of them`,
    );
  }
  let number = last + 1;
  while (taken.has(usageSlotOf(number))) number++;
  return number;
}
