import { storageLimits } from "../storage/limits.ts";
import type { KeyValueStore } from "../storage/storage.ts";
import type { Stores } from "../storage/stores.ts";
import { StorageError } from "../storage/storage-thread.ts";
import { type Answer, err } from "./answer.ts";

/** A store that a guest has open. */
export class OpenedStore {
  readonly storage: KeyValueStore;

  constructor(storage: KeyValueStore) {
    this.storage = storage;
  }
}

/** Stores that one component may open. */
export class StoreOpener {
  readonly #labels: readonly string[];
  readonly #stores: Stores;
  #opened = 0;

  constructor(labels: readonly string[], stores: Stores) {
    this.#labels = labels;
    this.#stores = stores;
  }

  /** A store, or the error that tells why not, in the words of `key-value`. */
  open(label: string): OpenedStore | Answer {
    if (!this.#labels.includes(label)) return err("access-denied");
    const store = this.#stores.keyValue(label);
    if (store === undefined) return err("no-such-store");
    if (this.#opened >= storageLimits.storesMax) return err("store-table-full");
    this.#opened += 1;
    return new OpenedStore(store);
  }

  drop(): void {
    this.#opened -= 1;
  }
}

/** The answer of a call, or its failure as `other`. */
export async function answering(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageError) return err("other", error.message);
    throw error;
  }
}

/** The reason why a key or a value is not taken. */
export function tooLarge(key: string, value?: Uint8Array): Answer | undefined {
  if (key.length > storageLimits.keyLengthMax) return err("other", "the key is too long");
  const isLarge = value !== undefined && value.length > storageLimits.valueBytesMax;
  return isLarge ? err("other", "the value is too large") : undefined;
}
