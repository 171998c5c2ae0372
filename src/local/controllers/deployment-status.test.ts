import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../kinds/index.ts";
import { makeDeployment } from "../testing/objects.ts";
import { msUntilDeadline, statusOfDeployment } from "./deployment-status.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const DEADLINE_SECONDS = 10;

/** A rollout that gets nowhere from the start on, as it is seen `afterMs` later. */
function statusAfter(...momentsMs: number[]): Deployment {
  const base = makeDeployment("web", 1);
  let deployment: Deployment = { ...base, spec: { ...base.spec, progressDeadlineSeconds: DEADLINE_SECONDS } };
  for (const afterMs of momentsMs) {
    const count = { pods: [], updated: 0, available: 0, availableMin: 1 };
    const status = statusOfDeployment(deployment, count, START_MS + afterMs);
    deployment = Object.assign({}, deployment, { status });
  }
  return deployment;
}

function check(momentsMs: number[], expected: { readonly reason: string; readonly waitMs: number }): void {
  const deployment = statusAfter(...momentsMs);
  const condition = deployment.status?.conditions.find(({ type }) => type === "Progressing");
  assert.equal(condition?.reason, expected.reason);
  assert.equal(msUntilDeadline(deployment, START_MS + (momentsMs.at(-1) ?? 0)), expected.waitMs);
}

test("a rollout without progress is looked at again when its deadline has passed, and is stuck from then on", () => {
  check([0], { reason: "ReplicaSetUpdated", waitMs: 10_001 });
  check([0, 4_000], { reason: "ReplicaSetUpdated", waitMs: 6_001 });
  check([0, 10_000], { reason: "ReplicaSetUpdated", waitMs: 1 });
  check([0, 10_001], { reason: "ProgressDeadlineExceeded", waitMs: Number.POSITIVE_INFINITY });
  check([0, 10_001, 20_000], { reason: "ProgressDeadlineExceeded", waitMs: Number.POSITIVE_INFINITY });
});
