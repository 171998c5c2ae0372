import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { planRestart, RESTART_DELAY_MS_MAX, RESTART_DELAY_RESET_MS, type RestartBackoff } from "./restart-backoff.ts";

/** Delays of runs that each last `runMs` from their start. */
function delaysOf(runMs: number, count: number): number[] {
  let backoff: RestartBackoff | undefined;
  let startedAtMs = 0;
  return Array.from({ length: count }, () => {
    const plan = planRestart(backoff, startedAtMs + runMs);
    backoff = plan.backoff;
    startedAtMs += runMs + plan.delayMs;
    return plan.delayMs;
  });
}

test("the first restart is immediate, the next wait twice as long each, up to five minutes", () => {
  assert.deepEqual(delaysOf(1, 8), [0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("a run of exactly ten minutes keeps the wait, a longer one forgets it", () => {
  assert.deepEqual(delaysOf(RESTART_DELAY_RESET_MS, 3), [0, 10_000, 20_000]);
  assert.deepEqual(delaysOf(RESTART_DELAY_RESET_MS + 1, 3), [0, 0, 0]);
});

test("no wait is ever longer than the longest", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(RESTART_DELAY_RESET_MS * 2), { maxLength: 40 }), (runs) => {
      let backoff: RestartBackoff | undefined;
      let nowMs = 0;
      for (const runMs of runs) {
        nowMs += runMs;
        const plan = planRestart(backoff, nowMs);
        assert(plan.delayMs >= 0 && plan.delayMs <= RESTART_DELAY_MS_MAX);
        backoff = plan.backoff;
        nowMs += plan.delayMs;
      }
    }),
  );
});
