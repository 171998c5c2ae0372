import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { KwasmError } from "#base";

import { isApiError } from "./api-error.ts";
import { readWatchEvent } from "./watch-event.ts";

const object = { apiVersion: "v1", kind: "Node", metadata: { name: "a", resourceVersion: "7" } };

test("each event of a watch is read", () => {
  for (const [type, kind] of [
    ["ADDED", "added"],
    ["MODIFIED", "modified"],
    ["DELETED", "deleted"],
  ]) {
    assert.deepEqual(readWatchEvent(JSON.stringify({ type, object }), "watch"), { kind, object });
  }
  const bookmark = { type: "BOOKMARK", object: { kind: "Node", metadata: { resourceVersion: "9" } } };
  assert.deepEqual(readWatchEvent(JSON.stringify(bookmark), "watch"), { kind: "bookmark", resourceVersion: "9" });
});

test("a version that is too old is told as gone", () => {
  const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version: 1 (5)" };
  assert.throws(
    () => readWatchEvent(JSON.stringify({ type: "ERROR", object: status }), "watch nodes"),
    (thrown) => isApiError(thrown, "gone") && thrown.message === "watch nodes: too old resource version: 1 (5)",
  );
});

test("whatever else comes is refused as corrupt", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map((value) => JSON.stringify({ type: "ADDED", object: value })),
      ),
      (line) => {
        assert.throws(
          () => readWatchEvent(line, "watch"),
          (thrown) => thrown instanceof KwasmError && thrown.code === "corrupt",
        );
      },
    ),
  );
});
