import { type Clock, KwasmError, type Log } from "#base";

/** Wait after a failed attempt, doubled for each further failure of the same key. */
const RETRY_DELAY_MS_MIN = 50;
const RETRY_DELAY_MS_MAX = 30_000;

/** What an attempt may answer: nothing, or when to look again though nothing changes. */
export type ReconcileResult = void | { readonly requeueAfterMs: number };

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Brings the world to what is stored for `key`. Called for one key at a time; throwing means to try again later. */
  readonly reconcile: (key: string) => ReconcileResult | Promise<ReconcileResult>;
}

/**
 * Keys that need a look. It holds keys and never objects, so that ten changes make one look at the newest state. A key
 * that is added while it is being looked at is looked at once more afterwards.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: WorkQueueOptions;
  readonly #due = new Set<string>();
  /** Looks that wait for their time. Each look answers anew when the next is due. */
  readonly #later = new Map<string, AbortController>();
  readonly #failures = new Map<string, number>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#closing.signal.aborted) return;
    this.#due.add(key);
    this.#running ??= this.#drain();
  }

  /** Takes the place of an earlier wish for the same key, so that many looks do not leave many timers. */
  addAfter(key: string, delayMs: number): void {
    this.#later.get(key)?.abort();
    const wish = new AbortController();
    this.#later.set(key, wish);
    this.#options.clock.sleep(delayMs, AbortSignal.any([this.#closing.signal, wish.signal])).then(
      () => this.add(key),
      () => undefined,
    );
  }

  /** Resolves when every key that was added before has had its look. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The first turn is left to the caller, who may be about to add more. */
  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const key of this.#due) {
      if (this.#closing.signal.aborted) break;
      this.#due.delete(key);
      await this.#attempt(key);
    }
    this.#running = undefined;
  }

  async #attempt(key: string): Promise<void> {
    this.#later.get(key)?.abort();
    this.#later.delete(key);
    try {
      const result = await this.#options.reconcile(key);
      this.#failures.delete(key);
      if (result !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const delayMs = Math.min(RETRY_DELAY_MS_MIN * 2 ** (failures - 1), RETRY_DELAY_MS_MAX);
      const reason = KwasmError.from(error, "reconcile").message;
      this.#options.log.warn("reconcile failed", { queue: this.#options.name, key, reason, delayMs });
      this.addAfter(key, delayMs);
    }
  }
}
