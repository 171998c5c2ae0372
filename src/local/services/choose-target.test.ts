import assert from "node:assert/strict";
import { test } from "node:test";
import { AFFINITY_CLIENTS_MAX, TargetChooser } from "./choose-target.ts";

const targets = ["a", "b", "c"].map((address) => ({ address, port: 1 }));

function makeChooser(affinityTimeoutMs: number): TargetChooser {
  const chooser = new TargetChooser();
  chooser.replace(targets, affinityTimeoutMs);
  return chooser;
}

function namesOf(chooser: TargetChooser, client: string, nowMs = 0): string {
  return chooser
    .orderFor(client, nowMs)
    .map(({ address }) => address)
    .join("");
}

test("each connection begins with the next target and may go on to all others", () => {
  const chooser = makeChooser(0);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => namesOf(chooser, "x")),
    ["abc", "bca", "cab", "abc"],
  );
});

test("a remembered client comes back to its target until its time is over", () => {
  const chooser = makeChooser(100);
  chooser.remember("x", { address: "c", port: 1 }, 0);
  assert.equal(namesOf(chooser, "x", 99).at(0), "c");
  assert.equal(namesOf(chooser, "x", 101).at(0), "b");
});

test("a target that is gone is forgotten", () => {
  const chooser = makeChooser(100);
  chooser.remember("x", { address: "gone", port: 1 }, 0);
  assert.equal(namesOf(chooser, "x"), "abc");
});

test("no more clients are remembered than the limit, the oldest is forgotten", () => {
  const chooser = makeChooser(100);
  for (let client = 0; client <= AFFINITY_CLIENTS_MAX; client += 1) {
    chooser.remember(String(client), { address: "c", port: 1 }, 0);
  }
  assert.equal(namesOf(chooser, "0").at(0), "a");
  assert.equal(namesOf(chooser, "1").at(0), "c");
});

test("no target means no order", () => {
  const chooser = new TargetChooser();
  assert.deepEqual(chooser.orderFor("x", 0), []);
});
