import { boardHeader, SLICE_STARTED, SLOT_CPU, SLOT_GUEST, SLOT_MEMORY, slotPart, THREAD_MARK } from "./cell-page.ts";

/**
 * What each guest of a cell has used, written by the cell for control to read while the cell's only thread is inside a
 * guest. The orders of writing matter to a reader in another process: see readUsage.
 */
export class UsageBoard {
  readonly #numbers: Float64Array;

  /** `page` is the whole page that cell and control share. */
  constructor(page: ArrayBuffer) {
    this.#numbers = new Float64Array(page);
  }

  /** Takes a guest's slot from whoever had it before. */
  open(guest: number): void {
    const slot = placeOf(slotPart(guest).at);
    this.#numbers[slot + SLOT_GUEST] = 0;
    this.#numbers[slot + SLOT_CPU] = 0;
    this.#numbers[slot + SLOT_MEMORY] = 0;
    this.#numbers[slot + SLOT_GUEST] = guest;
  }

  addCpu(guest: number, nanoseconds: number): void {
    const place = placeOf(slotPart(guest).at) + SLOT_CPU;
    this.#numbers[place] = (this.#numbers[place] ?? 0) + nanoseconds;
  }

  setMemory(guest: number, bytes: number): void {
    this.#numbers[placeOf(slotPart(guest).at) + SLOT_MEMORY] = bytes;
  }

  /** The slice of whoever is next in the run queue begins; what came before must have been added. */
  startSlice(atNs: number): void {
    this.#numbers[placeOf(boardHeader.at) + SLICE_STARTED] = atNs;
  }

  sliceStartedNs(): number {
    return this.#numbers[placeOf(boardHeader.at) + SLICE_STARTED] ?? 0;
  }

  markThread(cpuNs: number): void {
    this.#numbers[placeOf(boardHeader.at) + THREAD_MARK] = cpuNs;
  }
}

function placeOf(byte: number): number {
  return byte / Float64Array.BYTES_PER_ELEMENT;
}
