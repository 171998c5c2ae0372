import { KwasmError } from "#base";
import type { ImageLimits } from "../limits.ts";

/** What the layers of one image may still add to the disk, all together. */
export class UnpackBudget {
  readonly limits: ImageLimits;
  #bytesLeft: number;
  #entriesLeft: number;

  constructor(limits: ImageLimits) {
    this.limits = limits;
    this.#bytesLeft = limits.unpackedBytesMax;
    this.#entriesLeft = limits.entriesMax;
  }

  /** Whether a file of the announced size could still be taken, asked before its first byte is. */
  hasRoomFor(bytes: number): boolean {
    return bytes <= this.#bytesLeft;
  }

  takeBytes(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw this.#exceeded(`${this.limits.unpackedBytesMax} bytes`);
  }

  takeEntry(): void {
    this.#entriesLeft -= 1;
    if (this.#entriesLeft < 0) throw this.#exceeded(`${this.limits.entriesMax} files and folders`);
  }

  #exceeded(what: string): KwasmError {
    return new KwasmError("limit-exceeded", `unpacking an image: its layers hold more than ${what}`);
  }
}
