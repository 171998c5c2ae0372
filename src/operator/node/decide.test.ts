import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { decide } from "./decide.ts";
import { type Happening, happenings, World } from "./testing/world.ts";

/** Lets the world happen until nothing is left to do, and answers what was seen on the way. */
function settle(world: World): void {
  for (let round = 0; round < 200; round++) {
    const hasActed = world.reconcile();
    world.assertLabelIsTrue();
    const hasMoved = world.advance();
    if (!hasActed && !hasMoved) return;
  }
  assert.fail(`no end: ${JSON.stringify(world.observe())}`);
}

interface Expected {
  readonly isLabelled: boolean;
  readonly reason: string | undefined;
  readonly isInstalled: boolean;
}

function check(happened: readonly Happening[], expected: Expected): void {
  const world = new World();
  settle(world);
  for (const happening of happened) {
    world.happen(happening);
    settle(world);
  }
  const { node } = world.observe();
  assert.deepEqual(
    { isLabelled: node.isLabelled, reason: node.condition?.reason, isInstalled: world.isInstalled },
    expected,
  );
}

const ready = { isLabelled: true, reason: "WasmPodRan", isInstalled: true };
const untouched = { isLabelled: false, reason: undefined, isInstalled: false };

const rows: readonly (readonly [string, readonly Happening[], Expected])[] = [
  ["a node that nobody asked for is left alone", [], untouched],
  ["a node that is asked for becomes ready", ["ask"], ready],
  ["a node that is no longer asked for is as before", ["ask", "stop asking"], untouched],
  ["a node that is asked for again becomes ready again", ["ask", "stop asking", "ask"], ready],
  ["a node that is not Ready is waited for", ["lose", "ask"], { ...untouched, reason: "NodeNotReady" }],
  ["a node that comes back gets what it was asked for", ["lose", "ask", "come back"], ready],
  ["a node that is made anew under its name is installed anew", ["ask", "replace"], ready],
  ["a node that has started anew is probed and stays ready", ["ask", "reboot"], ready],
  ["another image of the installer is installed", ["ask", "release"], ready],
  ["an installer that fails twice succeeds at last", ["fail twice", "ask"], ready],
  ["a node of an unknown kind is left as it is", ["unsupport", "ask"], { ...untouched, reason: "UnsupportedNode" }],
  [
    "an upgrade that fails leaves the node ready with what it had",
    ["ask", "break the next", "release"],
    { isLabelled: true, reason: "RestartFailed", isInstalled: true },
  ],
  ["a runtime that somebody broke is found at the next start and repaired", ["ask", "sabotage", "reboot"], ready],
];

for (const [name, happened, expected] of rows) test(name, () => check(happened, expected));

test("whatever happens in whatever order, the node ends as it is wished, and the label never lies", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...happenings), fc.constant("work" as const)), { maxLength: 30 }),
      (happened) => {
        const world = new World();
        for (const happening of happened) {
          if (happening === "work") {
            world.reconcile();
            world.advance();
          } else {
            world.happen(happening);
          }
          world.assertLabelIsTrue();
        }
        for (const last of ["come back", "mend", "reboot"] as const) world.happen(last);
        settle(world);
        world.assertLabelIsTrue();
        assert.equal(world.observe().node.isLabelled, world.isWished);
        assert.equal(world.isInstalled, world.isWished);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("an operator that dies after any step is followed by one that gets there", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...happenings), { maxLength: 8 }),
      fc.infiniteStream(fc.nat(3)),
      (happened, deaths) => {
        const world = new World();
        for (const happening of [...happened, "come back", "mend", "reboot"] as const) {
          world.happen(happening);
          const stepsBeforeDeath = deaths.next();
          world.reconcile(stepsBeforeDeath.done === true ? undefined : stepsBeforeDeath.value);
          world.advance();
        }
        settle(world);
        assert.equal(world.observe().node.isLabelled, world.isWished);
        assert.equal(world.isInstalled, world.isWished);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("no node is asked to do anything while it is leaving", () => {
  const world = new World();
  world.happen("ask");
  const observed = world.observe();
  const decision = decide({ ...observed, node: { ...observed.node, isLeaving: true } }, world.circumstances());
  assert.deepEqual(decision.steps, []);
});
