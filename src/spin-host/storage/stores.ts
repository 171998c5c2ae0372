import type { GuestNetwork } from "#engine";
import type { KeyValueStoreSpec, SqliteDatabaseSpec, StorageSpec } from "#spin";
import { RedisStore } from "./redis-store.ts";
import { type KeyValueStore, Storage } from "./storage.ts";

/** The label of the stores that are there without any configuration. */
export const defaultLabel = "default";

interface Closable {
  close(): void;
}

/** All stores of one application by their labels; nothing of them is begun before it is used. */
export class Stores {
  readonly #keyValue = new Map<string, KeyValueStore & Closable>();
  readonly #databases = new Map<string, Storage>();

  /** `network` is where stores are connected to. */
  constructor(spec: StorageSpec, network: GuestNetwork) {
    const { keyValuePath, sqlitePath, keyValueStores = [], sqliteDatabases = [] } = spec;
    const usual = new Storage({ ...(keyValuePath && { keyValuePath }), ...(sqlitePath && { sqlitePath }) });
    this.#keyValue.set(defaultLabel, usual);
    this.#databases.set(defaultLabel, usual);
    for (const [label, store] of keyValueStores) this.#keyValue.set(label, storeOf(store, network));
    for (const [label, database] of sqliteDatabases) this.#databases.set(label, databaseOf(database));
  }

  keyValue(label: string): KeyValueStore | undefined {
    return this.#keyValue.get(label);
  }

  database(label: string): Storage | undefined {
    return this.#databases.get(label);
  }

  close(): void {
    for (const store of [...this.#keyValue.values(), ...this.#databases.values()]) store.close();
  }
}

function storeOf(spec: KeyValueStoreSpec, network: GuestNetwork): KeyValueStore & Closable {
  if (spec.kind === "redis") return new RedisStore(spec.url, network);
  return new Storage(spec.path === undefined ? {} : { keyValuePath: spec.path });
}

function databaseOf({ path }: SqliteDatabaseSpec): Storage {
  return new Storage(path === undefined ? {} : { sqlitePath: path });
}
