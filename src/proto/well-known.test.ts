import assert from "node:assert/strict";
import { test } from "node:test";

import { Any, millisecondsOf, packAny, Timestamp, timestampOf } from "./well-known.ts";

test("milliseconds become seconds and nanoseconds", () => {
  assert.deepEqual(timestampOf(1_500), { seconds: 1n, nanos: 500_000_000 });
  assert.deepEqual(timestampOf(-1), { seconds: -1n, nanos: 999_000_000 });
});

test("seconds and nanoseconds become milliseconds again, and nothing the epoch", () => {
  for (const milliseconds of [0, 1_500, -1, 1_795_723_147_419]) {
    assert.equal(millisecondsOf(timestampOf(milliseconds)), milliseconds);
  }
  assert.equal(millisecondsOf(undefined), 0);
});

test("a packed message carries its full name", () => {
  const any = packAny(Timestamp, { seconds: 1n });
  assert.deepEqual(Any.decode(Any.encode(any)), any);
  assert.equal(any.typeUrl, "google.protobuf.Timestamp");
});
