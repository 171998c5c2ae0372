import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import { storageLimits } from "../storage/limits.ts";
import type { SqlResult, SqlValue } from "../storage/messages.ts";
import type { StorageConnection } from "../storage/storage.ts";
import type { Stores } from "../storage/stores.ts";
import { StorageError } from "../storage/storage-thread.ts";
import { type Answer, err, ok } from "./answer.ts";
import { HandleTable } from "./handle-table.ts";

/** A value of SQL as components see it. */
interface Value {
  readonly tag: "integer" | "real" | "text" | "blob" | "null";
  readonly value?: bigint | number | string | Uint8Array;
}

/** A connection that a guest has open. */
class OpenedConnection {
  readonly connection: StorageConnection;
  lastInsertRowid = 0n;
  changes = 0n;

  constructor(connection: StorageConnection) {
    this.connection = connection;
  }
}

/** The connections of one instance, which end with it. */
export class SqliteInterfaces {
  readonly #labels: readonly string[];
  readonly #stores: Stores;
  readonly #open = new Set<OpenedConnection>();
  #isClosed = false;

  constructor(labels: readonly string[], stores: Stores) {
    this.#labels = labels;
    this.#stores = stores;
  }

  /** `fermyon:spin/sqlite@2.0.0`. */
  version2({ waiting }: HostTools): HostInterface {
    return {
      functions: {
        "[static]connection.open": waiting((database: string) => this.#connect(database)),
        "[method]connection.execute": waiting(executeAll),
      },
      resources: this.#resources(),
    };
  }

  /** `fermyon:spin/sqlite` of Spin 1: connections are numbers. */
  unversioned({ waiting }: HostTools): HostInterface {
    const opened = new HandleTable<OpenedConnection>();
    return {
      functions: {
        open: waiting(async (database: string) => {
          const answer = await this.#connect(database);
          return answer.value instanceof OpenedConnection ? ok(opened.add(answer.value)) : answer;
        }),
        execute: waiting((number: number, statement: string, values: readonly Value[]) => {
          const connection = opened.get(number);
          return connection === undefined ? err("invalid-connection") : executeAll(connection, statement, values);
        }),
        close: (number: number): void => {
          const connection = opened.take(number);
          if (connection !== undefined) this.#drop(connection);
        },
      },
      resources: {},
    };
  }

  /** `spin:sqlite/sqlite@3.1.0`: the same for those who may wait too, and what a statement changed. */
  version3(tools: HostTools): HostInterface {
    const counts = {
      "last-insert-rowid": ({ lastInsertRowid }: OpenedConnection) => lastInsertRowid,
      changes: ({ changes }: OpenedConnection) => changes,
    };
    const methods = Object.entries(counts).flatMap(([name, count]) => {
      return [`[method]connection.${name}`, `[method]connection.${name}-async`].map((named) => [named, count] as const);
    });
    const own = this.version2(tools);
    return {
      ...own,
      functions: {
        ...own.functions,
        ...Object.fromEntries(methods),
        "[static]connection.open-async": (database: string) => cancellable(this.#connect(database)),
        "[method]connection.execute-async": (opened: OpenedConnection, statement: string, values: readonly Value[]) =>
          cancellable(executeStreaming(opened, statement, values)),
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const opened of this.#open) this.#drop(opened);
  }

  #resources(): HostInterface["resources"] {
    return { connection: { drop: (opened: OpenedConnection) => this.#drop(opened) } };
  }

  async #connect(database: string): Promise<Answer> {
    if (!this.#labels.includes(database)) return err("access-denied");
    const storage = this.#stores.database(database);
    if (storage === undefined) return err("no-such-database");
    try {
      const opened = new OpenedConnection(await storage.connect());
      this.#open.add(opened);
      // Its guest may have ended meanwhile.
      if (this.#isClosed) this.#drop(opened);
      return ok(opened);
    } catch (error) {
      return failed(error);
    }
  }

  #drop(opened: OpenedConnection): void {
    if (this.#open.delete(opened)) opened.connection.close();
  }
}

async function execute(opened: OpenedConnection, statement: string, values: readonly Value[]): Promise<SqlResult> {
  if (values.length > storageLimits.parametersMax) {
    throw new StorageError({ kind: "other", message: "there are too many parameters" });
  }
  const result = await opened.connection.execute(statement, values.map(sqlValueOf));
  opened.lastInsertRowid = result.lastInsertRowid;
  opened.changes = result.changes;
  return result;
}

async function executeAll(opened: OpenedConnection, statement: string, values: readonly Value[]): Promise<Answer> {
  try {
    const { columns, rows } = await execute(opened, statement, values);
    return ok({ columns, rows: rows.map(rowOf) });
  } catch (error) {
    return failed(error);
  }
}

/** The rows are there when the answer is, and come as a stream that ends well. */
async function executeStreaming(
  opened: OpenedConnection,
  statement: string,
  values: readonly Value[],
): Promise<Answer> {
  try {
    const { columns, rows } = await execute(opened, statement, values);
    async function* stream(): AsyncGenerator<readonly object[]> {
      if (rows.length > 0) yield rows.map(rowOf);
    }
    return ok([columns, stream(), { future: Promise.resolve(ok()) }]);
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Answer {
  if (!(error instanceof StorageError)) throw error;
  return error.kind === "full" ? err("database-full") : err("io", error.message);
}

function sqlValueOf({ tag, value }: Value): SqlValue {
  return tag === "null" || value === undefined ? null : value;
}

function rowOf(row: readonly SqlValue[]): { readonly values: readonly Value[] } {
  return { values: row.map(valueOf) };
}

function valueOf(value: SqlValue): Value {
  if (value === null) return { tag: "null" };
  if (typeof value === "bigint") return { tag: "integer", value };
  if (typeof value === "number") return { tag: "real", value };
  return typeof value === "string" ? { tag: "text", value } : { tag: "blob", value };
}

function cancellable(answer: Promise<Answer>): CancellableAnswer {
  return new CancellableAnswer(answer, () => undefined);
}
