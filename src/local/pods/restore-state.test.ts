import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerState as ShownState, ContainerStatus } from "../kinds/index.ts";
import { restoreState } from "./restore-state.ts";

const nowMs = Date.parse("2026-01-01T00:01:00Z");
const startedAt = "2026-01-01T00:00:00Z";

function check(
  state: ShownState,
  restartPolicy: "Always" | "OnFailure" | "Never",
  expected: readonly [phase: string, restarts: number, lastReason?: string],
): void {
  const status: ContainerStatus = {
    name: "app",
    state,
    lastState: {},
    ready: false,
    started: false,
    restartCount: 4,
    image: "hello",
    imageID: "",
  };
  const restored = restoreState(status, { restartPolicy, hasReadinessProbe: false, hasStartupProbe: false }, nowMs);
  const seen = [restored.phase.name, restored.restartCount, restored.lastExit?.reason];
  assert.deepEqual(seen.slice(0, expected.length), expected);
}

test("what ran is lost, counted and judged by the restart policy", () => {
  check({ running: { startedAt } }, "Always", ["creating", 5, "ContainerStatusUnknown"]);
  check({ running: { startedAt } }, "OnFailure", ["creating", 5, "ContainerStatusUnknown"]);
  check({ running: { startedAt } }, "Never", ["ended", 4, "ContainerStatusUnknown"]);
});

test("what had ended for good stays so, with its reason", () => {
  check({ terminated: { exitCode: 0, reason: "Completed", startedAt, finishedAt: startedAt } }, "Never", [
    "ended",
    4,
    "Completed",
  ]);
});

test("what waited goes on: a crash loop with its next run, an image with its first", () => {
  check({ waiting: { reason: "CrashLoopBackOff" } }, "Always", ["creating", 5]);
  check({ waiting: { reason: "ErrImagePull" } }, "Always", ["creating", 4]);
});
