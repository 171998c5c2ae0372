/**
 * The closed set of ways in which an operation fails. Each edge (exit status, HTTP status, RPC status) maps these
 * codes in one table of its own; nothing else ever looks at a message text.
 */
export const errorCodes = [
  "invalid-argument",
  "not-found",
  "already-exists",
  "failed-precondition",
  "limit-exceeded",
  "permission-denied",
  "unavailable",
  "unsupported",
  "cancelled",
  "deadline-exceeded",
  "corrupt",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * Every error that this project throws on purpose. The message says the action, the value in quotes, and what to do;
 * it has no full stop at its end. `cause` keeps what was caught.
 */
export class KwasmError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KwasmError";
    this.code = code;
  }

  /** Turns whatever was thrown into a KwasmError; the single place where `unknown` becomes typed. */
  static from(thrown: unknown, action: string): KwasmError {
    if (thrown instanceof KwasmError) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new KwasmError(codeOfSystemError(thrown), `${action}: ${reason}`, { cause: thrown });
  }
}

const codesOfSystemErrors: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "not-found",
  EEXIST: "already-exists",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  ENOSPC: "limit-exceeded",
  EMFILE: "limit-exceeded",
  EADDRINUSE: "failed-precondition",
  ECONNREFUSED: "unavailable",
  ABORT_ERR: "cancelled",
};

function codeOfSystemError(thrown: unknown): ErrorCode {
  return codesOfSystemErrors[systemErrorCode(thrown) ?? ""] ?? "internal";
}

/** The `code` of an error of Node (`ENOENT`, `ABORT_ERR`, …), or undefined where there is none. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
