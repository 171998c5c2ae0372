import { type ErrorCode, KwasmError } from "#base";

/** Numbers of google/rpc/code.proto; 0 is success and has no place here. */
const numbers: Readonly<Record<ErrorCode, number>> = {
  cancelled: 1,
  "invalid-argument": 3,
  "deadline-exceeded": 4,
  "not-found": 5,
  "already-exists": 6,
  "permission-denied": 7,
  "limit-exceeded": 8,
  "failed-precondition": 9,
  unsupported: 12,
  internal: 13,
  unavailable: 14,
  corrupt: 15,
};

const codes: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(numbers).map(([code, number]) => [number, code as ErrorCode]),
);

/** How an error is said on the wire. */
export function statusOf(error: KwasmError): { code: number; message: string; details: [] } {
  return { code: numbers[error.code], message: error.message, details: [] };
}

/**
 * The error that a peer's answer stands for, with the peer's own text, after `action` where it is given; a number that
 * we have no word for is `internal`.
 */
export function errorOfStatus(
  status: { readonly code: number; readonly message: string },
  action?: string,
): KwasmError {
  const message = action === undefined ? status.message : `${action}: ${status.message}`;
  return new KwasmError(codes.get(status.code) ?? "internal", message);
}
