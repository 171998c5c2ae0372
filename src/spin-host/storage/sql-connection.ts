import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DatabasePlace } from "./database-place.ts";
import { openGuarded } from "./guarded-database.ts";
import { storageLimits } from "./limits.ts";
import type { SqlResult, SqlValue } from "./messages.ts";

/** One connection of a guest: what it begins and does not end is its own, and is undone when it goes. */
export class SqlConnection {
  readonly #database: DatabaseSync;

  constructor(place: DatabasePlace) {
    this.#database = openGuarded(place);
  }

  execute(statement: string, parameters: readonly SqlValue[]): SqlResult {
    const prepared = this.#database.prepare(statement);
    const columns = prepared.columns().map(({ name }) => name);
    const rows = columns.length > 0 ? rowsOf(prepared, parameters) : [];
    if (columns.length === 0) prepared.run(...parameters);
    const [lastInsertRowid, changes] = this.#counts();
    return { columns, rows, lastInsertRowid, changes };
  }

  close(): void {
    this.#database.close();
  }

  #counts(): readonly [bigint, bigint] {
    const row: unknown = this.#database.prepare("SELECT last_insert_rowid(), changes()").get();
    const [rowid = 0n, changes = 0n] = Array.isArray(row) ? Array.from<unknown>(row) : [];
    return [BigInt(String(rowid)), BigInt(String(changes))];
  }
}

function rowsOf(prepared: StatementSync, parameters: readonly SqlValue[]): readonly (readonly SqlValue[])[] {
  const rows: (readonly SqlValue[])[] = [];
  let bytes = 0;
  const iterator = prepared.iterate(...parameters);
  try {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      // With `returnArrays`, a row is the values of its columns.
      const values = next.value as unknown as readonly SqlValue[];
      bytes += values.reduce<number>((sum, value) => sum + bytesOf(value), 0);
      if (bytes > storageLimits.rowsBytesMax) throw new RangeError("the rows are more than are answered at once");
      rows.push(values);
    }
  } finally {
    // A statement that failed keeps its locks until it is reset.
    iterator.return?.();
  }
  return rows;
}

function bytesOf(value: SqlValue): number {
  return typeof value === "string" || value instanceof Uint8Array ? value.length + 16 : 16;
}
