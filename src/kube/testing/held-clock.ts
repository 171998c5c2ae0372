import { type Clock, KwasmError } from "#base";

/** A clock that stands still until a test moves it on. */
export class HeldClock implements Clock {
  #nowMs = 1_000_000;
  readonly #sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { dueMs: this.#nowMs + delayMs, wake: resolve };
      const cancel = (): void => {
        this.#sleepers.delete(sleeper);
        reject(new KwasmError("cancelled", "sleep: it was cancelled"));
      };
      if (signal?.aborted === true) cancel();
      else this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Moves on, wakes whoever is due, and lets them act. */
  async advance(durationMs: number): Promise<void> {
    this.#nowMs += durationMs;
    const due = [...this.#sleepers].filter(({ dueMs }) => dueMs <= this.#nowMs);
    for (const sleeper of due) this.#sleepers.delete(sleeper);
    for (const { wake } of due) wake();
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
