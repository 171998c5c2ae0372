import type { Pollable } from "../host/index.ts";
import { isFree, whenFree } from "../p2/calls.ts";
import type { P2Context } from "../p2/context.ts";

/** Whether a stream of a guest may move something now: it gives way to others now and then, and a paused one stays. */
export class StreamTurn {
  readonly #context: P2Context;
  /** Whoever has given way need not do so again before it has moved something. */
  #isGranted = false;

  constructor(context: P2Context) {
    this.#context = context;
  }

  get isThere(): boolean {
    return this.#isGranted || isFree(this.#context);
  }

  /** Something is moved. */
  use(): void {
    this.#isGranted = false;
  }

  /** Calls back once, later, where `pollable` may be ready and the turn has come; not where the guest is ended before. */
  onReady(pollable: Pollable, callback: () => void): () => void {
    if (this.isThere && !pollable.isReady()) return pollable.onReady(callback);
    let isWanted = true;
    void this.#callWhenFree(() => {
      if (isWanted) callback();
    });
    return () => {
      isWanted = false;
    };
  }

  async #callWhenFree(call: () => void): Promise<void> {
    try {
      await whenFree(this.#context);
    } catch {
      // The guest was ended; nobody is there to be called.
      return;
    }
    this.#isGranted = true;
    call();
  }
}
