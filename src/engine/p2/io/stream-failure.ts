import type { HostError } from "../../host/index.ts";
import { IoError } from "./io-error.ts";

/** `wasi:io/streams#stream-error`. */
export type StreamFailure =
  | { readonly tag: "last-operation-failed"; readonly value: IoError }
  | { readonly tag: "closed" };

/** The answer of a stream that is at its end. */
export const closed = { tag: "err", value: { tag: "closed" } } as const;

/** A reader that is gone is the end of an output, as 0.2 has it. */
export function lastOperationFailed(failure: HostError, origin: "files" | "other"): StreamFailure {
  if (failure.code === "pipe") return { tag: "closed" };
  return { tag: "last-operation-failed", value: new IoError(failure, origin) };
}
