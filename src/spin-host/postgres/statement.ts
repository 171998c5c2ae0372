import type { Submittable } from "pg/lib/client.js";
import type Connection from "pg/lib/connection.js";
import { outboundLimits } from "../outbound/limits.ts";
import { readValue, tagOfType } from "./read-value.ts";
import type { PostgresColumn, PostgresResult, PostgresValue } from "./value.ts";

export interface StatementText {
  readonly text: string;
  readonly values: readonly (string | Buffer | null)[];
  /** Whether its rows are wanted. */
  readonly isQuery: boolean;
}

/** A column's number of its type, until its name is known. */
interface Field {
  readonly name: string;
  readonly oid: number;
}

/** What came back, with types by their numbers. */
interface RawResult extends Omit<PostgresResult, "columns"> {
  readonly fields: readonly Field[];
}

/** A statement on its way: parsed, bound, described and run in one go, with all values in their binary form. */
export class Statement implements Submittable {
  readonly #statement: StatementText;
  readonly #done = Promise.withResolvers<RawResult>();
  #fields: readonly Field[] = [];
  readonly #rows: (readonly PostgresValue[])[] = [];
  #count = 0n;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(statement: StatementText) {
    this.#statement = statement;
  }

  /** Rejects with the server's error, with a `ValueError`, or with why the connection ended. */
  get done(): Promise<RawResult> {
    return this.#done.promise;
  }

  submit(connection: Connection): null {
    const { text, values } = this.#statement;
    connection.stream.cork();
    connection.parse({ text });
    connection.bind({ values, binary: true });
    connection.describe({ type: "P" });
    connection.execute({});
    connection.sync();
    connection.stream.uncork();
    return null;
  }

  handleRowDescription({ fields }: Parameters<Submittable["handleRowDescription"]>[0]): void {
    this.#fields = fields.map(({ name, dataTypeID }) => ({ name, oid: dataTypeID }));
  }

  /** What throws here ends the connection, and this with it. */
  handleDataRow({ fields }: Parameters<Submittable["handleDataRow"]>[0]): void {
    if (!this.#statement.isQuery || this.#failure !== undefined) return;
    this.#bytes += fields.reduce((sum, field) => sum + outboundLimits.valueBytes + (field?.length ?? 0), 0);
    if (this.#bytes > outboundLimits.answerBytesMax) {
      throw new Error(`query result exceeds limit of ${outboundLimits.answerBytesMax} bytes`);
    }
    try {
      this.#rows.push(fields.map((field, at) => readValue(this.#fields[at]?.oid ?? 0, field)));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The last word of `INSERT 0 1` and `SELECT 5`; others count nothing. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    const count = /\d+$/u.exec(text)?.[0];
    this.#count = BigInt(count ?? 0);
  }

  handleEmptyQuery(): void {
    this.#count = 0n;
  }

  handlePortalSuspended(): void {
    // Rows are asked for without a number, so that none are left.
  }

  handleCopyInResponse(connection: Connection): void {
    connection.sendCopyFail("a component cannot send what COPY reads");
  }

  handleCopyData(): void {
    // What COPY writes is for nobody.
  }

  handleError(error: Error): void {
    this.#done.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failure !== undefined) this.#done.reject(this.#failure);
    else this.#done.resolve({ fields: this.#fields, rows: this.#rows, count: this.#count });
  }
}

/** Numbers of the types that components do not know, whose names are still to be asked for. */
export function unnamedTypes(fields: readonly Field[], names: ReadonlyMap<number, string>): readonly number[] {
  return fields.map(({ oid }) => oid).filter((oid) => tagOfType(oid) === undefined && !names.has(oid));
}

export function columnsOf(fields: readonly Field[], names: ReadonlyMap<number, string>): readonly PostgresColumn[] {
  return fields.map(({ name, oid }) => {
    const tag = tagOfType(oid);
    return { name, type: tag === undefined ? { tag: "other", value: names.get(oid) ?? String(oid) } : { tag } };
  });
}
