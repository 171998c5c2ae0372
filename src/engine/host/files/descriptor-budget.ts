import { HostError } from "../host-error.ts";

/** How many descriptors one guest holds, shared by files, directories and sockets. Passing the limit is an error. */
export class DescriptorBudget {
  readonly filesOpenMax: number;
  #used = 0;

  constructor(filesOpenMax: number) {
    this.filesOpenMax = filesOpenMax;
  }

  get used(): number {
    return this.#used;
  }

  /** Counts one more descriptor. Each take is paired with one release. */
  take(): void {
    if (this.#used >= this.filesOpenMax) {
      throw new HostError(
        "too-many-open-files",
        `open one more file: the guest already holds ${this.#used}, its filesOpenMax`,
      );
    }
    this.#used += 1;
  }

  release(): void {
    this.#used -= 1;
  }
}
