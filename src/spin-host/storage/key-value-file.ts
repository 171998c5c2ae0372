import { DatabaseSync } from "node:sqlite";
import type { DatabasePlace } from "./database-place.ts";
import { storageLimits } from "./limits.ts";

/** The table that Spin's own key-value store has (crates/key-value-spin/src/store.rs), so that each reads the other's file. */
const schema = `CREATE TABLE IF NOT EXISTS spin_key_value (
  store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))`;

const store = "default";

/** The key-value store with the label `default`. */
export class KeyValueFile {
  readonly #database: DatabaseSync;
  readonly #get;
  readonly #set;
  readonly #delete;
  readonly #keys;

  constructor({ name, pagesMax }: DatabasePlace) {
    const database = new DatabaseSync(name, { timeout: storageLimits.busyMsMax });
    database.exec(`PRAGMA max_page_count = ${String(pagesMax)}; ${schema}`);
    this.#database = database;
    this.#get = database.prepare("SELECT value FROM spin_key_value WHERE store = ? AND key = ?");
    this.#set = database.prepare(
      "INSERT INTO spin_key_value VALUES (?, ?, ?) ON CONFLICT (store, key) DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM spin_key_value WHERE store = ? AND key = ?");
    this.#keys = database.prepare("SELECT key FROM spin_key_value WHERE store = ? ORDER BY key LIMIT ?");
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#get.get(store, key)?.["value"];
    return value instanceof Uint8Array ? value : undefined;
  }

  setAll(pairs: readonly (readonly [key: string, value: Uint8Array])[]): void {
    this.#atOnce(() => {
      for (const [key, value] of pairs) this.#set.run(store, key, value);
    });
  }

  deleteAll(keys: readonly string[]): void {
    this.#atOnce(() => {
      for (const key of keys) this.#delete.run(store, key);
    });
  }

  keys(): readonly string[] {
    const rows = this.#keys.all(store, storageLimits.keysMax + 1);
    if (rows.length > storageLimits.keysMax) throw new RangeError("the store has more keys than are listed");
    return rows.map(({ key }) => String(key));
  }

  /** The value is 8 bytes, the lowest first, as Spin has it. */
  increment(key: string, delta: bigint): bigint {
    return this.#atOnce(() => {
      const bytes = Buffer.from(this.get(key) ?? new Uint8Array(8));
      if (bytes.length !== 8) throw new RangeError("the value is no number of 8 bytes");
      const value = BigInt.asIntN(64, bytes.readBigInt64LE() + delta);
      bytes.writeBigInt64LE(value);
      this.#set.run(store, key, bytes);
      return value;
    });
  }

  swap(
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ): { readonly current?: Uint8Array } | undefined {
    return this.#atOnce(() => {
      const current = this.get(key);
      const isSame =
        current === undefined || expected === undefined ? current === expected : isEqual(current, expected);
      if (!isSame) return current === undefined ? {} : { current };
      this.#set.run(store, key, value);
      return undefined;
    });
  }

  #atOnce<Result>(work: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
