/** Why a guest trapped. */
export type TrapKind =
  | "unreachable"
  | "memory-out-of-bounds"
  | "table-out-of-bounds"
  | "indirect-call-mismatch"
  | "integer-divide-by-zero"
  | "integer-overflow"
  | "invalid-conversion-to-integer"
  | "null-reference"
  | "unaligned-atomic"
  | "wait-not-allowed"
  | "call-stack-exhausted"
  | "uncaught-exception"
  | "suspension-not-allowed"
  | "host-failure"
  | "other";

/** What is said of each kind; the words follow wasmtime's, which is what users search for. */
const trapMessages: Readonly<Record<TrapKind, string>> = {
  unreachable: "wasm trap: wasm `unreachable` instruction executed",
  "memory-out-of-bounds": "wasm trap: out of bounds memory access",
  "table-out-of-bounds": "wasm trap: undefined element: out of bounds table access",
  "indirect-call-mismatch": "wasm trap: indirect call type mismatch",
  "integer-divide-by-zero": "wasm trap: integer divide by zero",
  "integer-overflow": "wasm trap: integer overflow",
  "invalid-conversion-to-integer": "wasm trap: invalid conversion to integer",
  "null-reference": "wasm trap: null reference",
  "unaligned-atomic": "wasm trap: unaligned atomic",
  "wait-not-allowed": "wasm trap: atomic wait on non-shared memory",
  "call-stack-exhausted": "wasm trap: call stack exhausted",
  "uncaught-exception": "wasm trap: uncaught exception",
  "suspension-not-allowed": "wasm trap: a host call had to wait where the guest cannot be suspended",
  "host-failure": "a host call failed",
  other: "wasm trap",
};

/**
 * V8's texts for its traps. It tells one trap from another in no other way, so this table alone reads messages; a
 * text that is not in it is reported as it is, as kind "other". Source: v8/src/common/message-template.h, kTrap*.
 */
const kindsByText: ReadonlyMap<string, TrapKind> = new Map([
  ["unreachable", "unreachable"],
  ["memory access out of bounds", "memory-out-of-bounds"],
  ["table index is out of bounds", "table-out-of-bounds"],
  ["table access out of bounds", "table-out-of-bounds"],
  ["element segment out of bounds", "table-out-of-bounds"],
  ["data segment out of bounds", "memory-out-of-bounds"],
  ["function signature mismatch", "indirect-call-mismatch"],
  ["null function or function signature mismatch", "indirect-call-mismatch"],
  ["divide by zero", "integer-divide-by-zero"],
  ["remainder by zero", "integer-divide-by-zero"],
  ["divide result unrepresentable", "integer-overflow"],
  ["float unrepresentable in integer range", "invalid-conversion-to-integer"],
  ["dereferencing a null pointer", "null-reference"],
  ["rethrowing null value", "null-reference"],
  ["operation does not support unaligned accesses", "unaligned-atomic"],
  ["Atomics.wait cannot be called in this context", "wait-not-allowed"],
]);

const STACK_OVERFLOW_TEXT = "Maximum call stack size exceeded";

/** What V8 says while it copies active segments: the number and the sizes stand in the text. */
const segmentTexts: readonly { readonly pattern: RegExp; readonly kind: TrapKind }[] = [
  { pattern: /: data segment \d+ is out of bounds/, kind: "memory-out-of-bounds" },
  { pattern: /: table index is out of bounds$/, kind: "table-out-of-bounds" },
];

/** The kind and the message of what came out of a guest. Exceptions of the guest are no `Error`; host calls throw those. */
export function describeTrap(thrown: unknown): { trap: TrapKind; message: string } {
  const trap = kindOf(thrown);
  const message = trapMessages[trap];
  if (trap !== "host-failure" && trap !== "other") return { trap, message };
  return { trap, message: `${message}: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
}

function kindOf(thrown: unknown): TrapKind {
  if (!(thrown instanceof Error)) return "uncaught-exception";
  if (thrown instanceof RangeError && thrown.message === STACK_OVERFLOW_TEXT) return "call-stack-exhausted";
  if (thrown instanceof WebAssembly.SuspendError) return "suspension-not-allowed";
  if (!(thrown instanceof WebAssembly.RuntimeError)) return "host-failure";
  const known = kindsByText.get(thrown.message);
  return known ?? segmentTexts.find(({ pattern }) => pattern.test(thrown.message))?.kind ?? "other";
}
