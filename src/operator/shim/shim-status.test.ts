import assert from "node:assert/strict";
import { test } from "node:test";

import type { PlannedNode } from "./plan-shim.ts";
import type { ShimState } from "./shim-decision.ts";
import { isStatusTold, statusOf } from "./shim-status.ts";
import { type ShimView, viewShim } from "./shim-view.ts";
import { ShimWorld } from "./testing/shim-world.ts";

const [early, late] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];

function shimOf(status?: unknown, metadata: object = {}): ShimView {
  const object = { apiVersion: "runtime.spinkube.dev/v1alpha1", kind: "Shim", status };
  return viewShim({ ...object, metadata: { name: "slow", generation: 3, ...metadata } });
}

/** Nodes in these states, each selected. */
function nodesIn(...kinds: readonly ShimState["kind"][]): readonly PlannedNode[] {
  const world = new ShimWorld(kinds.length);
  return world.plan().map(({ one }, index) => {
    const kind = kinds[index] ?? "absent";
    return {
      one: { ...one, isWanted: true },
      decision: { steps: [], state: { kind, reason: `Is${kind}`, message: kind } },
    };
  });
}

interface Expected {
  readonly conditions: readonly string[];
  readonly reason: string;
  readonly message: string;
}

function check(planned: readonly PlannedNode[], expected: Expected, shim = shimOf(), problem?: ShimState): void {
  const { conditions } = statusOf(shim, planned, { problem, now: early });
  const told = conditions.map(({ type, status }) => `${type}=${status}`);
  assert.deepEqual({ conditions: told, reason: conditions[0]?.reason, message: conditions[0]?.message }, expected);
}

test("a Shim is ready when every node that it selects is", () => {
  const message = "every selected node serves it";
  check(nodesIn("ready", "ready"), { conditions: ["Ready=True"], reason: "HandlerServed", message });
});

test("a Shim that is on its way says of which nodes", () => {
  const expected = { conditions: ["Ready=False", "Reconciling=True"], reason: "Iswaiting" };
  check(nodesIn("ready", "waiting"), { ...expected, message: 'node "1": waiting' });
  const message = 'node "0": waiting; node "1": waiting; node "2": waiting; 2 more nodes';
  check(nodesIn(...(["waiting", "waiting", "waiting", "waiting", "waiting"] as const)), { ...expected, message });
});

test("a failure is told before all that goes well", () => {
  const expected = { conditions: ["Ready=False", "Stalled=True"], reason: "Isfailed", message: 'node "1": failed' };
  check(nodesIn("working", "failed", "ready"), expected);
});

test("a Shim without nodes is none that pods could run with", () => {
  const message = "no node has the labels that spec.nodeSelector asks for";
  check([], { conditions: ["Ready=False", "Reconciling=True"], reason: "NoNodes", message });
});

test("what is wrong with the Shim itself is told first", () => {
  const problem: ShimState = { kind: "failed", reason: "RuntimeClassTaken", message: "taken" };
  const expected = { conditions: ["Ready=False", "Stalled=True"], reason: "RuntimeClassTaken", message: "taken" };
  check(nodesIn("ready"), expected, shimOf(), problem);
});

test("a Shim that leaves tells which nodes it waits for", () => {
  const leaving = shimOf(undefined, { deletionTimestamp: early });
  const message = 'node "1": working';
  const expected = { conditions: ["Ready=False", "Reconciling=True"], reason: "Removing", message };
  check(nodesIn("absent", "working"), expected, leaving);
});

test("a condition keeps its time while its status is the same, and what is told already is not told again", () => {
  const planned = nodesIn("ready");
  const first = statusOf(shimOf(), planned, { problem: undefined, now: early });
  assert.ok(!isStatusTold(first, undefined));
  const again = statusOf(shimOf(first), planned, { problem: undefined, now: late });
  assert.deepEqual(again, first);
  assert.ok(isStatusTold(again, { ...first, conditions: [...first.conditions, { type: "Others", status: "True" }] }));
  const failed = statusOf(shimOf(first), nodesIn("failed"), { problem: undefined, now: late });
  assert.deepEqual(
    failed.conditions.map(({ lastTransitionTime }) => lastTransitionTime),
    [late, late],
  );
  assert.ok(!isStatusTold(failed, first));
  const moved = statusOf(shimOf(first, { generation: 4 }), planned, { problem: undefined, now: late });
  assert.ok(!isStatusTold(moved, first));
});
