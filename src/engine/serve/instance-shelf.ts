import type { RequestInstance } from "./request-instance.ts";

/** How long an instance waits for its next request, milliseconds: an idle service holds none. */
const idleMsMax = 1_000;

/** Instances that have answered and may answer again. Empty where each request gets one of its own. */
export class InstanceShelf {
  readonly #reuse: number;
  readonly #instances: RequestInstance[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(reuse: number) {
    this.#reuse = reuse;
  }

  /** The one that waits shortest: its memory is warm, and the others can go. */
  take(): RequestInstance | undefined {
    return this.#instances.pop();
  }

  /** Keeps an instance that has answered well, or closes it. */
  put(instance: RequestInstance): void {
    if (instance.requests >= this.#reuse) {
      instance.close();
      return;
    }
    this.#instances.push(instance);
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.close(), idleMsMax);
    else this.#timer.refresh();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const instance of this.#instances.splice(0)) instance.close();
  }
}
