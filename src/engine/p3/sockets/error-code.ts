import type { HostError } from "../../host/index.ts";
import { type Answer, failureOf, ok } from "../../p2/calls.ts";
import { type SocketErrorCode, socketErrorOf } from "../../p2/sockets/socket-error.ts";

/** `wasi:sockets/types#error-code`: a variant in 0.3, with a case for what has no name. */
export interface ErrorCode {
  readonly tag: string;
  readonly value?: string;
}

/** What 0.2 has a name for and 0.3 another one, or none; the rest is named as before. */
const renamed: Partial<Record<SocketErrorCode, ErrorCode>> = {
  unknown: { tag: "other" },
  "concurrency-conflict": { tag: "invalid-state" },
  "not-in-progress": { tag: "invalid-state" },
  "would-block": { tag: "other", value: "would-block" },
  "new-socket-limit": { tag: "other", value: "new-socket-limit" },
};

/** Codes of `wasi:sockets/ip-name-lookup#error-code`. */
const namesOfLookUp: ReadonlySet<string> = new Set([
  "access-denied",
  "invalid-argument",
  "name-unresolvable",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
]);

export type SocketAnswer<Value> = Answer<Value, ErrorCode>;

export function socketErrorCode(error: HostError): ErrorCode {
  return error.code === "pipe" ? { tag: "connection-broken" } : variantOf(socketErrorOf(error));
}

export function lookUpErrorCode(error: HostError): ErrorCode {
  const code = socketErrorOf(error);
  return namesOfLookUp.has(code) ? { tag: code } : { tag: "other", value: code };
}

/** The answer of a call of 0.2 as 0.3 has it. */
export function asAnswerOfP3(answer: Answer<unknown, SocketErrorCode>): SocketAnswer<unknown> {
  return answer.tag === "ok" ? answer : { tag: "err", value: variantOf(answer.value ?? "unknown") };
}

/** Makes the answer of a call, and of its failure an `error-code`. */
export function attempt<Value>(act: () => Value): SocketAnswer<Value> {
  try {
    return ok(act());
  } catch (thrown) {
    return failedBy(thrown);
  }
}

/** The same of a call that waits. */
export async function attemptLater<Value>(
  act: () => Promise<Value>,
  name: (error: HostError) => ErrorCode = socketErrorCode,
): Promise<SocketAnswer<Value>> {
  try {
    return ok(await act());
  } catch (thrown) {
    return failedBy(thrown, name);
  }
}

/** What is none of a guest's business is thrown on. */
function failedBy(
  thrown: unknown,
  name: (error: HostError) => ErrorCode = socketErrorCode,
): { readonly tag: "err"; readonly value: ErrorCode } {
  return { tag: "err", value: name(failureOf(thrown, "use a socket")) };
}

function variantOf(code: SocketErrorCode): ErrorCode {
  return renamed[code] ?? { tag: code };
}
