/** How often a shared cell is asked whether it still answers: often enough to notice, rare enough to cost nothing. */
const ASK_EVERY_MS = 1_000;

export interface StallWatchOptions {
  /** How long an answer may take. */
  readonly limitMs: number;
  /** Resolves with the answer; a rejection means that there is nobody left to ask. */
  readonly ask: () => Promise<void>;
  /** While this says no, nobody waits for the thread and no question is asked. */
  readonly isWorthAsking: () => boolean;
  readonly onStall: () => void;
  readonly now?: () => number;
}

/**
 * Finds out that a guest keeps the only thread of a cell to itself. V8 runs a guest until it returns, so a question
 * that stays unanswered is the sign; one question is under way at a time.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #askedAtMs: number | undefined;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), Math.min(ASK_EVERY_MS, options.limitMs)).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#now();
    if (this.#askedAtMs !== undefined) {
      if (now - this.#askedAtMs < this.#options.limitMs || !this.#options.isWorthAsking()) return;
      this.close();
      this.#options.onStall();
      return;
    }
    if (!this.#options.isWorthAsking()) return;
    this.#askedAtMs = now;
    this.#options.ask().then(
      () => (this.#askedAtMs = undefined),
      () => this.close(),
    );
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }
}
