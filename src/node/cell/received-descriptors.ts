import { closeSync } from "node:fs";

import { KwasmError } from "#base";

/** The descriptors of one order, each of which is closed here unless somebody has taken it. */
export class ReceivedDescriptors {
  readonly #descriptors: readonly number[];
  readonly #left: Set<number>;

  constructor(descriptors: readonly number[]) {
    this.#descriptors = descriptors;
    this.#left = new Set(descriptors);
  }

  take(place: number): number {
    const descriptor = this.#descriptors[place];
    if (descriptor === undefined) {
      throw new KwasmError("corrupt", `open grant ${String(place)}: it was not handed over`);
    }
    this.#left.delete(descriptor);
    return descriptor;
  }

  closeRest(): void {
    for (const descriptor of this.#left) closeSync(descriptor);
  }
}
