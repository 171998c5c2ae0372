import type { CompiledModule } from "./guest-module.ts";

/** Which form of which file: the variant names what the memory limit changed in the compiled module. */
export interface ModuleKey {
  readonly digest: string;
  readonly variant: string;
}

interface Entry<Facts> {
  readonly facts: Facts;
  readonly variants: Map<string, Promise<CompiledModule>>;
  byteLength: number;
}

/**
 * Compiled modules by digest and variant, bounded by the bytes that V8 keeps for them, least recently used out first.
 * What is being compiled is in the map as well, so simultaneous asks share one compilation.
 */
export class ModuleCache<Facts> {
  readonly #entries = new Map<string, Entry<Facts>>();
  readonly #bytesMax: number;
  #byteLength = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What was learned of a file when it was loaded before. */
  facts(digest: string): Facts | undefined {
    return this.#entries.get(digest)?.facts;
  }

  /** The compiled module, or what `compile` makes; `compile` is called before this returns, or not at all. */
  compiled(key: ModuleKey, facts: Facts, compile: () => Promise<CompiledModule>): Promise<CompiledModule> {
    const entry = this.#touch(key.digest, facts);
    const present = entry.variants.get(key.variant);
    if (present !== undefined) return present;
    const pending = this.#fill(key, entry, compile());
    entry.variants.set(key.variant, pending);
    return pending;
  }

  #touch(digest: string, facts: Facts): Entry<Facts> {
    const entry = this.#entries.get(digest) ?? { facts, variants: new Map(), byteLength: 0 };
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    return entry;
  }

  async #fill(key: ModuleKey, entry: Entry<Facts>, pending: Promise<CompiledModule>): Promise<CompiledModule> {
    try {
      const compiled = await pending;
      this.#account(key.digest, entry, compiled.byteLength);
      return compiled;
    } catch (error) {
      entry.variants.delete(key.variant);
      if (entry.variants.size === 0 && this.#entries.get(key.digest) === entry) this.#entries.delete(key.digest);
      throw error;
    }
  }

  #account(digest: string, entry: Entry<Facts>, byteLength: number): void {
    if (this.#entries.get(digest) !== entry) return;
    entry.byteLength += byteLength;
    this.#byteLength += byteLength;
    for (const [oldest, { byteLength: freed }] of this.#entries) {
      if (this.#byteLength <= this.#bytesMax) return;
      this.#entries.delete(oldest);
      this.#byteLength -= freed;
    }
  }
}
