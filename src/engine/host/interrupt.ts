import { Bag, type Placed } from "#base";
import type { Cancel, Pollable } from "./pollable.ts";

/** A call that waits. */
interface Wait extends Placed {
  readonly abort: (error: Error) => void;
}

/**
 * The one way in which a guest's calls wait, so that all of them can be ended from outside. `abort(error)` rejects
 * every pending wait with that very object: the caller may have made it a trap, and a wrapped trap is one that the
 * guest could catch.
 */
export class Interrupt {
  #error: Error | undefined;
  readonly #waits = new Bag<Wait>();

  /** How many calls wait now. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Idempotent; the first error is kept. */
  abort(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const wait of this.#waits.takeAll()) wait.abort(error);
  }

  throwIfAborted(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /**
   * Waits until `start`'s `finish` is called, which must not happen before `start` has returned. `start` answers how
   * to take the wait back; that runs when the wait ends, whichever way, so nothing stays registered.
   */
  wait(start: (finish: () => void) => Cancel): Promise<void> {
    this.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waits = this.#waits;
      const cancel = start(finish);
      const own: Wait = { place: undefined, abort };
      waits.add(own);
      function finish(): void {
        waits.delete(own);
        cancel();
        resolve();
      }
      function abort(error: Error): void {
        cancel();
        reject(error);
      }
    });
  }

  /** Waits until one of `pollables` is ready; an empty list waits until the guest is ended. */
  async whenAnyReady(pollables: readonly Pollable[]): Promise<void> {
    // A callback says "may be ready": another guest's read may have taken the data first.
    while (!pollables.some((pollable) => pollable.isReady())) {
      await this.wait((finish) => {
        const cancels = pollables.map((pollable) => pollable.onReady(finish));
        return () => cancels.forEach((cancel) => cancel());
      });
    }
  }
}
