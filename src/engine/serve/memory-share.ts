import type { ThreadWatch } from "../guest/host-contract.ts";

/** One of those that share. */
interface Sharer {
  limitMemory(bytesMax: number): void;
}

/** What is known of one of them. */
interface Share {
  bytes: number;
  /** The version of the whole by which its limit was set. */
  version: number;
}

/** Holds instances of one guest to the limit that the guest has for all of them together. */
export class MemoryShare {
  #bytesMax: number;
  #bytes = 0;
  #version = 0;
  readonly #shares = new Map<Sharer, Share>();
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
  add(sharer: Sharer, bytes: number): void {
    this.#initialBytes = bytes;
    this.#bytes += bytes;
    this.#shares.set(sharer, { bytes, version: -1 });
    if (this.#shares.size > 1) this.#limitAll();
  }

  /** Takes note of what it has now. */
  update(sharer: Sharer, bytes: number): void {
    const share = this.#shares.get(sharer);
    if (share === undefined || share.bytes === bytes) return;
    this.#bytes += bytes - share.bytes;
    share.bytes = bytes;
    if (this.#shares.size > 1) this.#limitAll();
  }

  remove(sharer: Sharer): void {
    this.#bytes -= this.#shares.get(sharer)?.bytes ?? 0;
    this.#shares.delete(sharer);
    // Others may have more now; each learns of it when it runs next.
    this.#version += 1;
  }

  /** Tells one what it may have, before it runs. */
  refresh(sharer: Sharer): void {
    const share = this.#shares.get(sharer);
    if (share === undefined || share.version === this.#version) return;
    this.#limit(sharer, share);
  }

  limit(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#limitAll();
  }

  #limitAll(): void {
    this.#version += 1;
    for (const [sharer, share] of this.#shares) this.#limit(sharer, share);
  }

  #limit(sharer: Sharer, share: Share): void {
    share.version = this.#version;
    sharer.limitMemory(this.#bytesMax - (this.#bytes - share.bytes));
  }
}

/** Tells who watches the thread of all instances as if they were one. */
export function sharedWatch(
  share: MemoryShare,
  watch: ThreadWatch | undefined,
  sharer: () => Sharer | undefined,
): ThreadWatch {
  function update(bytes: number): void {
    const own = sharer();
    if (own !== undefined) share.update(own, bytes);
  }
  return {
    enter() {
      const own = sharer();
      if (own !== undefined) share.refresh(own);
      watch?.enter();
    },
    leave(bytes) {
      update(bytes);
      watch?.leave(share.bytes);
    },
    yield(bytes) {
      update(bytes);
      watch?.yield(share.bytes);
    },
  };
}
