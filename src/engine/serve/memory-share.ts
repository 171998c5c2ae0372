import { Bag, type Placed } from "#base";
import type { ThreadWatch } from "../guest/host-contract.ts";

/** One of those that share. */
interface Sharer {
  limitMemory(bytesMax: number): void;
}

/** What one of them has. */
export class Share implements Placed {
  readonly sharer: Sharer;
  place: number | undefined;
  bytes = 0;
  /** The version of the whole by which its limit was set. */
  version = -1;
  /** Whether it runs, or is about to go on without a look at what it may have. */
  isIn = false;

  constructor(sharer: Sharer) {
    this.sharer = sharer;
  }
}

/** Holds instances of one guest to the limit that the guest has for all of them together. */
export class MemoryShare {
  #bytesMax: number;
  #bytes = 0;
  #version = 0;
  readonly #shares = new Bag<Share>();
  /** What an instance had when it had just begun. */
  #initialBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Whether another instance fits beside those that are there. */
  get hasRoom(): boolean {
    return this.#bytes + this.#initialBytes <= this.#bytesMax;
  }

  /** Counts an instance that has just begun. */
  add(share: Share, bytes: number): void {
    this.#initialBytes = bytes;
    this.#bytes += bytes;
    share.bytes = bytes;
    this.#shares.add(share);
    if (this.#shares.size > 1) this.#limitThoseIn();
  }

  /** Takes note of what it has now. */
  update(share: Share, bytes: number): void {
    if (share.bytes === bytes || !this.#shares.has(share)) return;
    this.#bytes += bytes - share.bytes;
    share.bytes = bytes;
    if (this.#shares.size > 1) this.#limitThoseIn();
  }

  remove(share: Share): void {
    if (!this.#shares.has(share)) return;
    this.#bytes -= share.bytes;
    this.#shares.delete(share);
    // Others may have more now; each learns of it when it runs next.
    this.#version += 1;
  }

  /** Tells one what it may have, before it runs. */
  enter(share: Share): void {
    if (!this.#shares.has(share)) return;
    share.isIn = true;
    if (share.version !== this.#version) this.#limit(share);
  }

  /** It does not run before it has come in again. */
  leave(share: Share, bytes: number): void {
    share.isIn = false;
    this.update(share, bytes);
  }

  limit(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#version += 1;
    for (const share of this.#shares) this.#limit(share);
  }

  /** The others learn of it when they run next. */
  #limitThoseIn(): void {
    this.#version += 1;
    for (const share of this.#shares) {
      if (share.isIn) this.#limit(share);
    }
  }

  #limit(share: Share): void {
    share.version = this.#version;
    share.sharer.limitMemory(this.#bytesMax - (this.#bytes - share.bytes));
  }
}

/** Tells who watches the thread of all instances as if they were one. */
export function sharedWatch(whole: MemoryShare, watch: ThreadWatch | undefined, share: () => Share): ThreadWatch {
  return {
    enter() {
      whole.enter(share());
      watch?.enter();
    },
    leave(bytes) {
      whole.leave(share(), bytes);
      watch?.leave(whole.bytes);
    },
    yield(bytes) {
      whole.update(share(), bytes);
      watch?.yield(whole.bytes);
    },
  };
}
