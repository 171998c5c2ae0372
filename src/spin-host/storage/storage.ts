import { storageLimits } from "./limits.ts";
import type { SqlResult, SqlValue, StorageFiles } from "./messages.ts";
import { StorageError, StorageThread } from "./storage-thread.ts";

/** A key-value store, wherever it is kept. All reject with a `StorageError`. */
export interface KeyValueStore {
  /** Values of keys, in their order; undefined for those that are not there. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  set(pairs: readonly (readonly [key: string, value: Uint8Array])[]): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  exists(key: string): Promise<boolean>;
  keys(): Promise<readonly string[]>;
  increment(key: string, delta: bigint): Promise<bigint>;
  /** Answers undefined where it was set, else with what is there instead. */
  swap(
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ): Promise<{ readonly current?: Uint8Array } | undefined>;
}

/** A store and a database in files, in threads of their own: a statement of SQL may take long, keys never do. */
export class Storage implements KeyValueStore {
  readonly #keys: StorageThread;
  readonly #sql: StorageThread;
  #lastConnection = 0;
  #connections = 0;

  /** `callMsMax` is how long one call may take, milliseconds. */
  constructor({ keyValuePath, sqlitePath }: StorageFiles, callMsMax: number = storageLimits.callMsMax) {
    this.#keys = new StorageThread(keyValuePath === undefined ? {} : { keyValuePath }, callMsMax);
    this.#sql = new StorageThread(sqlitePath === undefined ? {} : { sqlitePath }, callMsMax);
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return (await this.#keys.ask({ kind: "get", keys })) as readonly (Uint8Array | undefined)[];
  }

  async set(pairs: readonly (readonly [key: string, value: Uint8Array])[]): Promise<void> {
    await this.#keys.ask({ kind: "set", pairs });
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#keys.ask({ kind: "delete", keys });
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#keys.ask({ kind: "exists", key })) === true;
  }

  async keys(): Promise<readonly string[]> {
    return (await this.#keys.ask({ kind: "keys" })) as readonly string[];
  }

  async increment(key: string, delta: bigint): Promise<bigint> {
    return (await this.#keys.ask({ kind: "increment", key, delta })) as bigint;
  }

  async swap(
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ): Promise<{ readonly current?: Uint8Array } | undefined> {
    return (await this.#keys.ask({ kind: "swap", key, expected, value })) as
      | { readonly current?: Uint8Array }
      | undefined;
  }

  /** Opens a connection, which its caller closes. */
  async connect(): Promise<StorageConnection> {
    if (this.#connections >= storageLimits.connectionsMax) {
      throw new StorageError({ kind: "other", message: "too many connections are open" });
    }
    this.#connections += 1;
    const connection = ++this.#lastConnection;
    try {
      await this.#sql.ask({ kind: "connect", connection });
    } catch (error) {
      this.#connections -= 1;
      throw error;
    }
    return {
      execute: async (statement, parameters) => {
        const result = await this.#sql.ask({ kind: "execute", connection, statement, parameters });
        if (result === undefined) throw new StorageError({ kind: "other", message: "the connection was lost" });
        return result as SqlResult;
      },
      close: () => {
        this.#connections -= 1;
        // What was not ended is undone; a thread that is gone has undone it already.
        if (this.#sql.isRunning) this.#sql.ask({ kind: "disconnect", connection }).catch(() => undefined);
      },
    };
  }

  close(): void {
    this.#keys.close();
    this.#sql.close();
  }
}

/** A connection of one guest to the application's database. */
export interface StorageConnection {
  execute(statement: string, parameters: readonly SqlValue[]): Promise<SqlResult>;
  close(): void;
}
