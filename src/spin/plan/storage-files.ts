import { join } from "node:path";
import type { StorageSpec } from "./application-spec.ts";

/** The files that Spin keeps in a directory, by its names; in memory where that is empty. */
export function storageIn(directory: string): StorageSpec {
  if (directory === "") return {};
  return { keyValuePath: join(directory, "sqlite_key_value.db"), sqlitePath: join(directory, "sqlite_db.db") };
}
