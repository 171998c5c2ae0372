import assert from "node:assert/strict";
import { test } from "node:test";

import { readThreadCpuNs } from "./thread-clock.ts";

test("a thread's own clock goes on while it computes", () => {
  const before = readThreadCpuNs();
  let now = before;
  while (now < before + 1_000_000) now = readThreadCpuNs();
  assert.ok(before > 0 && Number.isSafeInteger(now));
});
