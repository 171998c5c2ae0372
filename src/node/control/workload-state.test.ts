import assert from "node:assert/strict";
import { test } from "node:test";

import type { WorkloadState } from "../workload.ts";
import { transition, type WorkloadEvent } from "./workload-state.ts";

/** The whole table; "refused" is a typed error, "-" changes nothing. */
const table: Readonly<Record<WorkloadState, Readonly<Record<WorkloadEvent, WorkloadState | "-" | "refused">>>> = {
  created: { start: "starting", started: "-", ended: "exited" },
  starting: { start: "refused", started: "running", ended: "exited" },
  running: { start: "refused", started: "-", ended: "exited" },
  exited: { start: "refused", started: "-", ended: "-" },
};
for (const [state, row] of Object.entries(table)) {
  for (const [event, expected] of Object.entries(row)) {
    test(`${state} + ${event} → ${expected}`, () => {
      if (expected === "refused") assert.throws(() => move(state, event), { code: "failed-precondition" });
      else assert.equal(move(state, event), expected);
    });
  }
}

function move(state: string, event: string): string {
  return transition(state as WorkloadState, event as WorkloadEvent) ?? "-";
}
