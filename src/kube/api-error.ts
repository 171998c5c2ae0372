import { type ErrorCode, KwasmError } from "#base";

import { numberAt, textAt } from "./read-field.ts";

/** Why the API refused, told apart by what a caller does about it. */
export type ApiReason = (typeof apiReasons)[number];

const apiReasons = [
  "not-found",
  "already-exists",
  /** The object changed since it was read: read it again. */
  "conflict",
  /** The resource version or the page is too old: list again. */
  "gone",
  "unauthorized",
  "forbidden",
  "invalid",
  /** Ask again after `retryAfterMs`. */
  "too-many-requests",
  /** The server is not well; what was asked for may have happened all the same. */
  "unavailable",
  "other",
] as const;

/** What the API server answered instead of what was asked for. */
export class ApiError extends KwasmError {
  readonly reason: ApiReason;
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(
    action: string,
    answer: { readonly status: number; readonly body?: unknown; readonly retryAfterMs?: number | undefined },
  ) {
    const reason = reasonOf(answer.status, textAt(answer.body, "reason"));
    super(codes[reason], `${action}: ${textAt(answer.body, "message") ?? `the API server answered ${answer.status}`}`);
    this.name = "ApiError";
    this.reason = reason;
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs ?? secondsToMs(numberAt(answer.body, "details", "retryAfterSeconds"));
  }
}

/** Whether `thrown` is the API's refusal for one of these reasons. */
export function isApiError(thrown: unknown, ...reasons: readonly ApiReason[]): thrown is ApiError {
  return thrown instanceof ApiError && (reasons.length === 0 || reasons.includes(thrown.reason));
}

const codes: Readonly<Record<ApiReason, ErrorCode>> = {
  "not-found": "not-found",
  "already-exists": "already-exists",
  conflict: "failed-precondition",
  gone: "failed-precondition",
  unauthorized: "permission-denied",
  forbidden: "permission-denied",
  invalid: "invalid-argument",
  "too-many-requests": "unavailable",
  unavailable: "unavailable",
  other: "failed-precondition",
};

/** metav1.StatusReason where the HTTP status alone is ambiguous. */
const reasonsOfStatus: Readonly<Record<string, ApiReason>> = {
  AlreadyExists: "already-exists",
  Conflict: "conflict",
  Expired: "gone",
  Gone: "gone",
};

const reasonsOfHttp: Readonly<Record<number, ApiReason>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  410: "gone",
  413: "invalid",
  422: "invalid",
  429: "too-many-requests",
};

function reasonOf(status: number, reason: string | undefined): ApiReason {
  return reasonsOfStatus[reason ?? ""] ?? reasonsOfHttp[status] ?? (status >= 500 ? "unavailable" : "other");
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
