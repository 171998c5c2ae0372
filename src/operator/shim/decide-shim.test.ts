import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { type ShimHappening, shimHappenings, ShimWorld } from "./testing/shim-world.ts";

/** Lets the world happen until nothing is left to do. */
function settle(world: ShimWorld): void {
  for (let round = 0; round < 300; round++) {
    const hasActed = world.reconcile();
    world.assertTrue();
    const hasMoved = world.advance();
    if (!hasActed && !hasMoved) return;
  }
  assert.fail(`no end: ${JSON.stringify(world.plan())}`);
}

interface Expected {
  readonly kind: string;
  readonly reason: string;
  readonly isServed: boolean;
}

function check(happened: readonly ShimHappening[], expected: Expected): void {
  const world = new ShimWorld();
  settle(world);
  for (const happening of happened) {
    world.happen(happening);
    settle(world);
  }
  const [planned] = world.plan();
  const { kind, reason } = planned?.decision.state ?? { kind: "", reason: "" };
  const isServed = world.machines[0]?.served === world.digest;
  assert.deepEqual({ kind, reason, isServed }, expected);
}

const ready = { kind: "ready", reason: "HandlerServed", isServed: true };
const absent = { kind: "absent", reason: "Removed", isServed: false };

const rows: readonly (readonly [string, readonly ShimHappening[], Expected])[] = [
  ["a node that is not selected is left alone", [], absent],
  ["a node that is selected serves the shim", ["select"], ready],
  ["a node that is left out again has nothing of it", ["select", "leave out"], absent],
  ["another archive takes the place of the first", ["select", "edit"], ready],
  ["an edit that is taken back is too", ["select", "edit", "edit back"], ready],
  [
    "a node that is not Ready is waited for",
    ["lose", "select"],
    { ...absent, kind: "waiting", reason: "NodeNotReady" },
  ],
  ["a node that comes back gets it", ["lose", "select", "come back"], ready],
  ["a node that is made anew under its name gets it anew", ["select", "replace"], ready],
  [
    "a request that cannot be made leaves a node as it is",
    ["select", "take request away"],
    { kind: "failed", reason: "DigestMissing", isServed: true },
  ],
  [
    "a node of an unknown kind is told of",
    ["unsupport", "select"],
    { kind: "failed", reason: "Told", isServed: false },
  ],
  ["a node of an unknown kind holds nothing up when it is left out", ["unsupport", "select", "leave out"], absent],
];

for (const [name, happened, expected] of rows) test(name, () => check(happened, expected));

test("a bad archive is tried again until it is good", () => {
  const world = new ShimWorld();
  world.happen("break archive");
  world.happen("select");
  const attempts = new Set<number>();
  for (let round = 0; round < 30; round++) {
    world.reconcile();
    const [planned] = world.plan();
    if (planned?.decision.state.kind === "failed") attempts.add(planned.one.install?.work.failedAttempts ?? -1);
    world.advance();
    world.assertTrue();
  }
  assert.ok(attempts.size > 3 && !attempts.has(-1));
  world.happen("mend archive");
  settle(world);
  assert.equal(world.plan()[0]?.decision.state.kind, "ready");
});

test("an installer that is killed takes the label away, since nobody knows what is served", () => {
  const world = new ShimWorld();
  world.happen("select");
  settle(world);
  world.happen("edit");
  while (world.countBusy() === 0) world.reconcile();
  world.happen("kill installer");
  for (let round = 0; round < 2; round++) world.advance();
  assert.equal(world.machines[0]?.hasLabel, true);
  world.reconcile();
  assert.equal(world.machines[0]?.hasLabel, false);
});

test("a removal that is no longer wished ends before the shim is installed anew", () => {
  const world = new ShimWorld();
  world.happen("select");
  settle(world);
  world.happen("leave out");
  for (let round = 0; round < 4 && world.plan()[0]?.one.uninstall === undefined; round++) world.reconcile();
  world.happen("select");
  const steps = world.plan().flatMap(({ decision }) => decision.steps);
  assert.deepEqual(
    steps.map((step) => step.kind === "delete-job" && [step.name, step.isRunning]),
    [["uninstall", true]],
  );
});

const happenings = fc.array(
  fc.record({
    happening: fc.oneof(fc.constantFrom(...shimHappenings), fc.constant("work" as const)),
    node: fc.nat(2),
    stepsBeforeDeath: fc.oneof(fc.constant(Infinity), fc.nat(3)),
  }),
  { maxLength: 40 },
);

test("whatever happens and whenever the operator dies, the nodes end as selected, and nothing that is told is untrue", () => {
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 3 }), (happened, maxUpdate) => {
      const world = new ShimWorld(3, maxUpdate);
      for (const { happening, node, stepsBeforeDeath } of happened) {
        if (happening !== "work") world.happen(happening, node);
        world.reconcile(stepsBeforeDeath);
        if (happening === "work") world.advance();
        world.assertTrue();
      }
      for (const last of ["mend archive", "give request", "support"] as const) world.happen(last);
      for (const node of [0, 1, 2]) world.happen("come back", node);
      settle(world);
      const served = world.machines.map((one) => [one.served, one.hasLabel, one.note]);
      const expected = world.machines.map(({ isSelected }) =>
        isSelected ? [world.digest, true, world.digest] : [undefined, false, undefined],
      );
      assert.deepEqual(served, expected);
    }),
    { numRuns: 3_000 },
  );
});

test("no more nodes are worked on at once than may be, and none after one has failed", () => {
  const world = new ShimWorld(5, 2);
  for (const node of [0, 1, 2, 3, 4]) world.happen("select", node);
  world.reconcile();
  assert.equal(world.countBusy(), 2);
  world.reconcile();
  assert.equal(world.countBusy(), 2);
  world.happen("break archive");
  for (let round = 0; round < 30; round++) {
    world.advance();
    world.reconcile();
  }
  const started = world.machines.filter(({ note }) => note !== undefined);
  assert.equal(started.length, 2);
  world.happen("mend archive");
  settle(world);
  assert.ok(world.machines.every(({ served }) => served === world.digest));
});
