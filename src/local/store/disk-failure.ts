import { KwasmError } from "#base";

/** Primary result codes of SQLite (sqlite.org/rescode.html) that say that the disk did not take a write. */
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** The low byte of an extended result code is its primary one. */
const PRIMARY_CODE_MASK = 0xff;

/** What a failed write into the state means: a disk that is full is its owner's to clear, and no fault of ours. */
export function diskFailure(error: unknown, action: string): KwasmError {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & PRIMARY_CODE_MASK : 0;
  if (code !== SQLITE_FULL && code !== SQLITE_IOERR) return KwasmError.from(error, action);
  const message = `${action}: the disk of the state folder does not take it; make room there and try again`;
  return new KwasmError("unavailable", message, { cause: error });
}
