/**
 * Who runs in a cell, readable from outside while the cell's only thread is inside a guest. V8 resumes suspended
 * guests in the order in which their promises were settled, so a first-in first-out queue of guest numbers tells the
 * truth: the engine enters a guest's number when it hands control back to that guest, and the number leaves when the
 * guest suspends again or ends. The head of the queue is the guest that is running now.
 *
 * Layout of the shared page, 32-bit words: [0] head, [1] tail, both counting up for ever and wrapping; from [16] a ring
 * of guest numbers. One thread writes; a reader in another process may see a queue that is one step old, which is as
 * good as an answer given one step earlier.
 */
const HEAD = 0;
const TAIL = 1;
const RING = 16;
/** A power of two, so that a wrapped counter still names the right place. */
const RING_LENGTH = 1024;
export const RUN_QUEUE_BYTES = (RING + RING_LENGTH) * Int32Array.BYTES_PER_ELEMENT;

export class RunQueue {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** A guest gets the thread as soon as those before it leave. */
  enter(guest: number): void {
    const tail = this.#words[TAIL] ?? 0;
    this.#words[placeOf(tail)] = guest;
    this.#words[TAIL] = tail + 1;
  }

  /** The running guest suspends or has ended. */
  leave(): void {
    if (this.#waiting() > 0) this.#words[HEAD] = (this.#words[HEAD] ?? 0) + 1;
  }

  /** The guest that runs now, or undefined when the cell is in its own code or asleep. */
  running(): number | undefined {
    const waiting = this.#waiting();
    // More entries than the ring holds have overwritten the head; the truth is back when they have run.
    if (waiting <= 0 || waiting > RING_LENGTH) return undefined;
    return this.#words[placeOf(this.#words[HEAD] ?? 0)];
  }

  /** Guests that run or are about to. */
  get length(): number {
    return this.#waiting();
  }

  #waiting(): number {
    return ((this.#words[TAIL] ?? 0) - (this.#words[HEAD] ?? 0)) | 0;
  }
}

function placeOf(counter: number): number {
  return RING + (counter & (RING_LENGTH - 1));
}
