import type { HttpErrorCode } from "../../host/http/index.ts";
import { type Answer, err } from "../calls.ts";

/** `wasi:http/types@0.2.0-rc-2023-10-18#error`: four kinds, and a text for people. */
export interface EarlyHttpError {
  readonly tag: "invalid-url" | "timeout-error" | "protocol-error" | "unexpected-error";
  readonly value: string;
}

function earlyError({ tag }: HttpErrorCode): EarlyHttpError {
  return { tag: kindOf(tag), value: tag };
}

/** The error of an answer in its early form. */
export function withEarlyError<Value>(answer: Answer<Value, HttpErrorCode>): Answer<Value, EarlyHttpError> {
  return answer.tag === "ok" ? answer : err(earlyError(answer.value ?? { tag: "internal-error" }));
}

/** What a guest says that went wrong with its answer. */
export function errorCodeOf({ tag, value }: EarlyHttpError): HttpErrorCode {
  return { tag: "internal-error", value: `${tag}: ${value}` };
}

function kindOf(tag: string): EarlyHttpError["tag"] {
  if (tag.endsWith("-timeout")) return "timeout-error";
  if (tag.startsWith("HTTP-request-URI")) return "invalid-url";
  return tag.startsWith("HTTP-") && tag !== "HTTP-request-denied" ? "protocol-error" : "unexpected-error";
}
