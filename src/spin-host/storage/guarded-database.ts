import { constants, DatabaseSync } from "node:sqlite";
import type { DatabasePlace } from "./database-place.ts";
import { storageLimits } from "./limits.ts";

/** Pragmas that look, or change what is the database's own; others reach the process, its memory or its files. */
const allowedPragmas: ReadonlySet<string> = new Set([
  "application_id",
  "case_sensitive_like",
  "collation_list",
  "data_version",
  "defer_foreign_keys",
  "foreign_key_check",
  "foreign_key_list",
  "foreign_keys",
  "function_list",
  "index_info",
  "index_list",
  "index_xinfo",
  "integrity_check",
  "optimize",
  "page_count",
  "page_size",
  "quick_check",
  "recursive_triggers",
  "table_info",
  "table_list",
  "table_xinfo",
  "user_version",
]);

/**
 * Opens a database that executes statements of guests: no other file is attached, no extension is loaded, and sizes are
 * limited (SQLite, "Defense Against The Dark Arts").
 */
export function openGuarded({ name, pagesMax }: DatabasePlace): DatabaseSync {
  const database = new DatabaseSync(name, {
    allowExtension: false,
    defensive: true,
    enableDoubleQuotedStringLiterals: false,
    readBigInts: true,
    returnArrays: true,
    timeout: 0,
    limits: { length: storageLimits.valueBytesMax, sqlLength: storageLimits.statementLengthMax },
  });
  database.exec(`PRAGMA max_page_count = ${String(pagesMax)}; PRAGMA trusted_schema = OFF`);
  database.setAuthorizer(authorize);
  return database;
}

function authorize(action: number, first: string | null): number {
  if (action === constants.SQLITE_PRAGMA) return verdict(allowedPragmas.has(first ?? ""));
  // VACUUM attaches a nameless file of its own; VACUUM INTO and ATTACH name one.
  if (action === constants.SQLITE_ATTACH) return verdict(first === "");
  return constants.SQLITE_OK;
}

function verdict(isAllowed: boolean): number {
  return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
}
