import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { KwasmError } from "#base";

/** Changes under the lock are renames and one small write; a holder that needs longer than this is stuck. */
const LOCK_WAIT_MS_MAX = 10_000;

/** SQLITE_BUSY of SQLite's result codes. */
const SQLITE_BUSY = 5;

/**
 * Runs `action` while no other process changes the store. The lock is the one that SQLite takes on an empty database
 * file: the kernel gives it back when its holder dies, so a killed build never blocks the next. `action` is
 * synchronous on purpose: two tasks of one process can then never hold the lock in turns.
 */
export function withStoreLock<Result>(directory: string, action: () => Result): Result {
  using database = new DatabaseSync(join(directory, "lock"), { timeout: LOCK_WAIT_MS_MAX });
  database.exec("PRAGMA journal_mode = MEMORY");
  takeLock(database, directory);
  try {
    return action();
  } finally {
    database.exec("ROLLBACK");
  }
}

function takeLock(database: DatabaseSync, directory: string): void {
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new KwasmError(
      "unavailable",
      `locking image store "${directory}": another process has held it for ${LOCK_WAIT_MS_MAX} ms; try again`,
      { cause: error },
    );
  }
}
