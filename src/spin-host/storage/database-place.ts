import { randomUUID } from "node:crypto";
import { storageLimits } from "./limits.ts";

/** Where a database is, and how many pages of 4 KiB it may have. */
export interface DatabasePlace {
  readonly name: string;
  readonly pagesMax: number;
}

/** A file, or memory that all connections of this process see under one name, which nobody else knows. */
export function placeOf(path: string | undefined): DatabasePlace {
  if (path !== undefined) return { name: path, pagesMax: storageLimits.pagesMax };
  return { name: `file:/${randomUUID()}?vfs=memdb`, pagesMax: storageLimits.pagesInMemoryMax };
}
