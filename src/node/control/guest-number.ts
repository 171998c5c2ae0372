import { KwasmError } from "#base";

import { USAGE_SLOTS, usageSlotOf } from "../channel/index.ts";

/**
 * The next number after `last` for a guest of a cell in which the guests of `inCell` are: one whose slot on the usage
 * board none of them has. Throws where the board is full.
 */
export function nextGuestNumber(last: number, inCell: Iterable<number>): number {
  const taken = new Set([...inCell].map(usageSlotOf));
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
