import assert from "node:assert/strict";
import { test } from "node:test";

import type { GuestOutcome } from "../channel/index.ts";
import { verdictOfCellEnd, verdictOfOutcome } from "./exit-status.ts";

const outcomes: readonly (readonly [GuestOutcome, number, string])[] = [
  [{ kind: "exited", code: 0 }, 0, "Completed"],
  [{ kind: "exited", code: 3 }, 3, "Error"],
  [{ kind: "trapped", message: "unreachable" }, 134, "Error"],
  [{ kind: "out-of-memory", message: "" }, 137, "OOMKilled"],
  [{ kind: "killed", signal: "SIGTERM" }, 143, "Error"],
  [{ kind: "killed", signal: "SIGKILL" }, 137, "Error"],
  [{ kind: "refused", code: "unsupported", message: "a component" }, 126, "StartError"],
];
for (const [outcome, code, reason] of outcomes) {
  test(`${JSON.stringify(outcome)} reads ${String(code)}/${reason}`, () => {
    const verdict = verdictOfOutcome(outcome);
    assert.deepEqual([verdict.code, verdict.reason], [code, reason]);
    if ("message" in outcome) assert.equal(verdict.message, outcome.message);
  });
}

test("a cell's death reads as a shell would show it, with the reason where control knows one", () => {
  assert.deepEqual(verdictOfCellEnd({ code: null, signal: "SIGKILL" }, "team-a", undefined), {
    code: 137,
    reason: "Error",
    message: 'the cell of group "team-a" ended by SIGKILL',
  });
  assert.equal(verdictOfCellEnd({ code: null, signal: "SIGABRT" }, "g", undefined).code, 134);
  assert.equal(verdictOfCellEnd({ code: 0, signal: null }, "g", undefined).code, 1);
  assert.equal(verdictOfCellEnd({ code: 5, signal: null }, "g", "because").message, "because");
});
