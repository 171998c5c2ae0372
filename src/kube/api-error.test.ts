import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, isApiError } from "./api-error.ts";

test("refusals are told apart by what a caller does about them", () => {
  for (const [status, body, reason, code] of [
    [404, { reason: "NotFound" }, "not-found", "not-found"],
    [409, { reason: "AlreadyExists" }, "already-exists", "already-exists"],
    [409, { reason: "Conflict" }, "conflict", "failed-precondition"],
    [410, { reason: "Expired" }, "gone", "failed-precondition"],
    [200, { reason: "Expired" }, "gone", "failed-precondition"],
    [401, {}, "unauthorized", "permission-denied"],
    [403, undefined, "forbidden", "permission-denied"],
    [422, { reason: "Invalid" }, "invalid", "invalid-argument"],
    [429, "busy", "too-many-requests", "unavailable"],
    [500, null, "unavailable", "unavailable"],
    [503, [], "unavailable", "unavailable"],
    [302, {}, "other", "failed-precondition"],
  ] as const) {
    const error = new ApiError('get Pod "a"', { status, body });
    assert.deepEqual([error.reason, error.code], [reason, code], `${status} ${reason}`);
  }
});

test("the server's own words are kept, and when it wants to be asked again", () => {
  const body = { message: "node is full", details: { retryAfterSeconds: 3 } };
  const error = new ApiError('create Pod "a"', { status: 429, body });
  assert.equal(error.message, 'create Pod "a": node is full');
  assert.equal(error.retryAfterMs, 3000);
});

test("a question for reasons is not answered by other errors", () => {
  const error = new ApiError("get", { status: 404 });
  assert.deepEqual(
    [isApiError(error), isApiError(error, "gone", "not-found"), isApiError(error, "gone"), isApiError(new Error("x"))],
    [true, true, false, false],
  );
});
