import type { ErrorCode } from "#base";

export const EXIT_OK = 0;
/** Something that was asked for did not succeed. */
export const EXIT_FAILED = 1;
/** What was asked for cannot be understood: a command, an option or a manifest. Nothing was changed. */
const EXIT_USAGE = 2;
/** 128 + SIGINT, what shells show for a program that Ctrl-C ended. */
export const EXIT_CANCELLED = 130;

/** What a script sees of an error; `kwasm run` has codes of its own, since the guest's are its result. */
const exitCodes: Readonly<Record<ErrorCode, number>> = {
  "invalid-argument": EXIT_USAGE,
  "not-found": EXIT_FAILED,
  "already-exists": EXIT_FAILED,
  "failed-precondition": EXIT_FAILED,
  "limit-exceeded": EXIT_FAILED,
  "permission-denied": EXIT_FAILED,
  unavailable: EXIT_FAILED,
  unsupported: EXIT_FAILED,
  cancelled: EXIT_CANCELLED,
  "deadline-exceeded": EXIT_FAILED,
  corrupt: EXIT_FAILED,
  internal: EXIT_FAILED,
};

export function exitCodeOf(code: ErrorCode): number {
  return exitCodes[code];
}
