import { RUN_QUEUE_BYTES } from "./run-queue.ts";

/**
 * The page that a cell shares with control: the run queue, and behind it the usage board. The board begins with what
 * the running slice is measured by, and has a slot for each guest; all its numbers are 64-bit floating point.
 */
const BOARD_AT = RUN_QUEUE_BYTES;

/** Numbers at the board's beginning, by place: when the running guest got the thread, CLOCK_MONOTONIC in nanoseconds. */
export const SLICE_STARTED = 0;
/** What the cell's thread had computed then or somewhat earlier, nanoseconds: no slice is longer than what came since. */
export const THREAD_MARK = 1;
const HEADER_NUMBERS = 8;

/** Numbers of a slot, by place. A slot belongs to the guest whose number stands in it. */
export const SLOT_GUEST = 0;
export const SLOT_CPU = 1;
export const SLOT_MEMORY = 2;
const SLOT_NUMBERS = 4;

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Guests that one cell can hold: as many as there is address space for memories of 8 GiB each. Slots cost no memory before they are used. */
export const USAGE_SLOTS = 16_384;

/** Where a part of the page begins, and its length in bytes. */
export interface PagePart {
  readonly at: number;
  readonly bytes: number;
}

export const boardHeader: PagePart = { at: BOARD_AT, bytes: HEADER_NUMBERS * NUMBER_BYTES };
export const CELL_PAGE_BYTES = BOARD_AT + (HEADER_NUMBERS + USAGE_SLOTS * SLOT_NUMBERS) * NUMBER_BYTES;

/** Guests of one cell whose numbers are a multiple of USAGE_SLOTS apart would share a slot; control gives no such two. */
export function usageSlotOf(guest: number): number {
  return guest % USAGE_SLOTS;
}

/** The slot of a guest. */
export function slotPart(guest: number): PagePart {
  const before = HEADER_NUMBERS + usageSlotOf(guest) * SLOT_NUMBERS;
  return { at: BOARD_AT + before * NUMBER_BYTES, bytes: SLOT_NUMBERS * NUMBER_BYTES };
}
