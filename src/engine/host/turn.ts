import type { Interrupt } from "./interrupt.ts";

/**
 * How long the guests of a thread may go on without one round of the event loop, milliseconds. A suspended call that
 * resolves at once continues in a microtask, so a guest that writes in a loop would starve timers, sockets and every
 * other guest; one millisecond keeps those prompt while a round (about 2 µs) costs next to nothing.
 */
export const turnSliceMs = 1;

/**
 * Watches that the event loop of a thread gets its rounds. One per thread, shared by the guests on it. A slice begins
 * with the first call after a round, so a guest that was woken by the loop itself never has to wait for another.
 */
export class Turn {
  readonly #nowMs: () => number;
  #startedAtMs: number | undefined;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Asked at each call that is answered at once: whether the event loop should go round before the guest goes on. */
  isSpent(): boolean {
    if (this.#startedAtMs !== undefined) return this.#nowMs() - this.#startedAtMs >= turnSliceMs;
    this.#startedAtMs = this.#nowMs();
    setImmediate(() => {
      this.#startedAtMs = undefined;
    });
    return false;
  }

  /** Lets the event loop go round once. */
  breathe(interrupt: Interrupt): Promise<void> {
    return interrupt.wait((finish) => {
      const immediate = setImmediate(finish);
      return () => clearImmediate(immediate);
    });
  }
}

/** The turn of this thread. */
export const threadTurn = new Turn();
