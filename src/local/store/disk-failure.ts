import { KwasmError } from "#base";

/** Primary result codes of SQLite (sqlite.org/rescode.html) that say that the disk did not take a write. */
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** That the file's content is not what SQLite has written. */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** The low byte of an extended result code is its primary one. */
const PRIMARY_CODE_MASK = 0xff;

/** What a failed write into the state means: a disk that is full is its owner's to clear, and no fault of ours. */
export function diskFailure(error: unknown, action: string): KwasmError {
  const code = primaryCodeOf(error);
  if (code !== SQLITE_FULL && code !== SQLITE_IOERR) return KwasmError.from(error, action);
  const message = `${action}: the disk of the state folder does not take it; make room there and try again`;
  return new KwasmError("unavailable", message, { cause: error });
}

/** What a failed read of the state's file means. */
export function readFailure(error: unknown, file: string): KwasmError {
  const code = primaryCodeOf(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return damagedState(file, error);
  return KwasmError.from(error, `read the state in "${file}"`);
}

/** A damaged file is not mended here, but its owner can begin without it. */
export function damagedState(file: string, cause: unknown): KwasmError {
  const message = `read the state in "${file}": the file is damaged; remove it and what is beside it under names that begin with its own, then start the manifests again`;
  return new KwasmError("failed-precondition", message, { cause });
}

function primaryCodeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & PRIMARY_CODE_MASK : 0;
}
