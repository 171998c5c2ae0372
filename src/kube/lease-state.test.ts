import assert from "node:assert/strict";
import { test } from "node:test";

import { decideLease, readLease } from "./lease-state.ts";

function seen(holder: string, seenAtMs: number) {
  const metadata = { name: "x", resourceVersion: "5" };
  const spec = { holderIdentity: holder, leaseDurationSeconds: 15, leaseTransitions: 2 };
  const state = readLease({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  return { state, seenAtMs };
}

test("a lease is taken when nobody holds it or its holder has been silent for as long as it promised", () => {
  assert.deepEqual(decideLease(undefined, "me", 0), { kind: "create" });
  for (const [holder, nowMs, expected] of [
    ["", 0, "take"],
    ["me", 0, "take"],
    ["other", 0, "wait"],
    ["other", 14_999, "wait"],
    ["other", 15_000, "take"],
  ] as const) {
    assert.equal(decideLease(seen(holder, 0), "me", nowMs).kind, expected, `${holder} ${nowMs}`);
  }
});

test("a wait is as long as what is left, counted from when we saw it", () => {
  assert.deepEqual(decideLease(seen("other", 1000), "me", 5000), { kind: "wait", durationMs: 11_000 });
});
