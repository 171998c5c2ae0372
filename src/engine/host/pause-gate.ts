import type { Interrupt } from "./interrupt.ts";

/**
 * Holds one guest back: while the gate is closed, a call that has waited does not give the guest the thread again. A
 * guest that computes is not reached before its next call that waits.
 */
export class PauseGate {
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  open(): void {
    this.#isClosed = false;
    this.#waiting.forEach((goOn) => goOn());
  }

  /** Resolves when the gate is open; rejects when the guest is ended. */
  async pass(interrupt: Interrupt): Promise<void> {
    while (this.#isClosed) await interrupt.wait((finish) => this.#whenOpen(finish));
  }

  /** Resolves when the gate is open; for a guest that has not begun. */
  async whenOpen(): Promise<void> {
    while (this.#isClosed) {
      const opened = Promise.withResolvers<void>();
      const forget = this.#whenOpen(opened.resolve);
      await opened.promise;
      forget();
    }
  }

  #whenOpen(goOn: () => void): () => void {
    this.#waiting.add(goOn);
    return () => this.#waiting.delete(goOn);
  }
}
