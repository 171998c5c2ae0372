import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { KwasmError } from "#base";
import { damagedState, readFailure } from "./disk-failure.ts";

/** Grows with each change of the tables below; a file of another version is refused instead of misread. */
const SCHEMA_VERSION = 1;

const schema = `
  CREATE TABLE objects (
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
  ) WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, source TEXT NOT NULL,
    count INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL
  );
  CREATE INDEX events_of_object ON events (namespace, kind, name);
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/** SQLITE_BUSY of SQLite's result codes: another process holds the file. */
const SQLITE_BUSY = 5;

/** How long to wait for another process's lock: one that was killed or is ending needs a moment to let go. */
const LOCK_WAIT_MS = 1_000;

const FILE_NAME = "state.sqlite";

/** Whether anything was ever kept in a state folder, and not forgotten since. */
export function hasState(stateDir: string): boolean {
  return existsSync(join(stateDir, FILE_NAME));
}

/**
 * Opens the state of one machine and keeps it locked. The lock is the kernel's record lock on the file, so a process
 * that died, however it died, holds it no longer; it is also what makes a state folder belong to one control process.
 * Throws `failed-precondition` when another process has it or the file is damaged, and `unsupported` for a file of
 * another version.
 */
export function openStateDatabase(stateDir: string): DatabaseSync {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, FILE_NAME);
  const database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  try {
    lock(database, stateDir);
    prepareSchema(database, stateDir);
    checkPages(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error instanceof KwasmError ? error : readFailure(error, file);
  }
}

/** `NORMAL` in WAL mode survives the death of this process at any point; a power cut may cost the last writes. */
function lock(database: DatabaseSync, stateDir: string): void {
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    database.exec("BEGIN IMMEDIATE; COMMIT;");
  } catch (error) {
    if (!isBusy(error)) throw error;
    const message = `open the state in "${stateDir}": another control process holds it; use that one, or end it with "kwasm down"`;
    throw new KwasmError("failed-precondition", message, { cause: error });
  }
}

function prepareSchema(database: DatabaseSync, stateDir: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    const message = `open the state in "${stateDir}": it has version "${version}" and this kwasm reads "${SCHEMA_VERSION}"; use the kwasm that wrote it, or remove the folder`;
    throw new KwasmError("unsupported", message);
  }
  database.exec(`BEGIN; ${schema} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}

/** Reads every page once, as control does at its start anyway: what is damaged is found here and not halfway. */
function checkPages(database: DatabaseSync, file: string): void {
  const finding = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (finding !== "ok") throw damagedState(file, finding);
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
