import type { HostError } from "../../host/index.ts";
import type { Answer } from "../../p2/calls.ts";
import { errorCodeOf } from "../../p2/filesystem/error-code.ts";

/** `wasi:filesystem/types#error-code`: a variant in 0.3, with a case for what has no name. */
export interface ErrorCode {
  readonly tag: string;
  readonly value?: string;
}

export function fileErrorCode(error: HostError): ErrorCode {
  return variantOf(errorCodeOf(error));
}

/** What 0.2 calls `would-block` does not happen in 0.3. */
function variantOf(code: string): ErrorCode {
  return code === "would-block" ? { tag: "other", value: code } : { tag: code };
}

/** The answer of a call of 0.2 as 0.3 has it. */
export function asAnswerOfP3(answer: Answer<unknown, string>): Answer<unknown, ErrorCode> {
  return answer.tag === "ok" ? answer : { tag: "err", value: variantOf(answer.value ?? "io") };
}
