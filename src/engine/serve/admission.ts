interface AdmissionLimits {
  readonly concurrencyMax: number;
  readonly queueMax: number;
  /** Whether there is room for one more besides those that run. */
  readonly hasRoom: () => boolean;
}

/** Lets so many in at a time; others wait in the order in which they came, and no more than so many. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #waiting = new Set<{ readonly start: () => void }>();
  #running = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Starts now, or later; answers how to give a place in the queue up, or `undefined` where there is none left. Each
   * start is followed by one `leave`.
   */
  enter(start: () => void): (() => void) | undefined {
    if (this.#waiting.size === 0 && this.#isFree()) {
      this.#running += 1;
      start();
      return noWait;
    }
    if (this.#waiting.size >= this.#limits.queueMax) return undefined;
    const entry = { start };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }

  leave(): void {
    this.#running -= 1;
    for (const entry of this.#waiting) {
      if (!this.#isFree()) return;
      this.#waiting.delete(entry);
      this.#running += 1;
      entry.start();
    }
  }

  /** The first one always has room: what it lacks nobody else will give back. */
  #isFree(): boolean {
    const { concurrencyMax, hasRoom } = this.#limits;
    return this.#running < concurrencyMax && (this.#running === 0 || hasRoom());
  }
}

function noWait(): void {
  // It runs; there is no place to give up.
}
