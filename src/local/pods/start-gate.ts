/** Containers that are being started at the same time: enough to keep both sides busy, few enough to keep order. */
const CONCURRENT_STARTS_MAX = 16;

/** Lets a bounded number of tasks run at a time; the others wait in line. */
export class StartGate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(concurrencyMax: number = CONCURRENT_STARTS_MAX) {
    this.#free = concurrencyMax;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on instead of freeing it, so that nobody overtakes. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
