import type { PostgresType, PostgresValue, QueryError } from "../postgres/index.ts";
import type { Answer } from "./answer.ts";

/** Versions of the interface that have fewer kinds of values than 4. */
export type ValueVersion = 2 | 3;

const casesOfVersion2: readonly string[] = [
  "boolean",
  "int8",
  "int16",
  "int32",
  "int64",
  "floating32",
  "floating64",
  "str",
  "binary",
];

/** Kinds of values and types that each version has, but for `other`, `unsupported` and NULL. */
const casesOf: Readonly<Record<ValueVersion, ReadonlySet<string>>> = {
  2: new Set(casesOfVersion2),
  3: new Set([...casesOfVersion2, "date", "time", "datetime", "timestamp"]),
};

interface RowSet {
  readonly columns: readonly { readonly name: string; readonly "data-type": PostgresType }[];
  readonly rows: readonly (readonly PostgresValue[])[];
}

/** An answer of version 4 in the words of an older one (crates/world/src/conversions.rs of Spin). */
export function olderAnswer(answer: Answer, version: ValueVersion): Answer {
  if (answer.tag === "err") return olderFailure(answer);
  return isRowSet(answer.value) ? { tag: "ok", value: olderRows(answer.value, casesOf[version]) } : answer;
}

/** The same for Spin 1, whose `other` has a longer name. */
export function unversionedAnswer(answer: Answer): Answer {
  const older = olderAnswer(answer, 2);
  if (older.tag === "ok" || older.value.tag !== "other") return older;
  return { tag: "err", value: { ...older.value, tag: "other-error" } };
}

function olderFailure(answer: Extract<Answer, { readonly tag: "err" }>): Answer {
  if (answer.value.tag !== "query-failed") return answer;
  // What this case has in version 4.
  const { tag, value } = answer.value.value as QueryError;
  return { tag: "err", value: { tag: "query-failed", value: tag === "text" ? value : value["as-text"] } };
}

function isRowSet(value: unknown): value is RowSet {
  return typeof value === "object" && value !== null && "rows" in value && "columns" in value;
}

function olderRows({ columns, rows }: RowSet, cases: ReadonlySet<string>): object {
  return {
    columns: columns.map(({ name, "data-type": { tag } }) => ({ name, "data-type": cases.has(tag) ? tag : "other" })),
    rows: rows.map((row) => row.map((value) => olderValue(value, cases))),
  };
}

function olderValue(value: PostgresValue, cases: ReadonlySet<string>): PostgresValue {
  return cases.has(value.tag) || value.tag === "db-null" ? value : { tag: "unsupported" };
}
