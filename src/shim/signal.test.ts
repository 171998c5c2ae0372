import assert from "node:assert/strict";
import { test } from "node:test";

import { endingSignal } from "./signal.ts";

test("a guest is ended as a program that handles no signals would be", () => {
  const rows = [
    [9, "SIGKILL"],
    [2, "SIGINT"],
    [15, "SIGTERM"],
    [1, "SIGTERM"],
    [10, "SIGTERM"],
    [34, "SIGTERM"],
    [64, "SIGTERM"],
    [0, undefined],
    [17, undefined],
    [28, undefined],
  ] as const;
  for (const [signal, expected] of rows) assert.equal(endingSignal(signal), expected);
});

test("a signal that stops, and one that Linux does not have, are refused", () => {
  assert.throws(() => endingSignal(19), { code: "unsupported" });
  assert.throws(() => endingSignal(65), { code: "invalid-argument" });
});
