import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { planRollout, type RolloutGoal, type RolloutPod } from "./plan-rollout.ts";
import { resolveLimits } from "./rollout-limits.ts";

const goal: RolloutGoal = { replicas: 3, isRecreate: false, maxSurge: 1, maxUnavailable: 0, isPaused: false };

function pod(name: string, change: Partial<RolloutPod> = {}): RolloutPod {
  return { name, isCurrent: true, isAvailable: true, isDeleting: false, createdAtMs: 0, ...change };
}

function check(
  wanted: Partial<RolloutGoal>,
  pods: readonly RolloutPod[],
  expected: readonly [create: number, ...remove: string[]],
): void {
  const plan = planRollout({ ...goal, ...wanted }, pods);
  assert.deepEqual([plan.createCount, ...plan.remove], expected);
}

const old = { isCurrent: false };

test("a new deployment gets all its pods", () => check({}, [], [3]));

test("what is right is left alone", () => check({}, [pod("a"), pod("b"), pod("c")], [0]));

test("fewer replicas remove those that are not available, then the newest", () => {
  const pods = [pod("a", { createdAtMs: 1 }), pod("b", { createdAtMs: 2 }), pod("c", { isAvailable: false })];
  check({ replicas: 1 }, pods, [0, "c", "b"]);
});

test("a rolling update surges first and removes an old pod when a new one is available", () => {
  const three = [pod("a", old), pod("b", old), pod("c", old)];
  check({}, three, [1]);
  check({}, [...three, pod("n", { isAvailable: false })], [0]);
  check({}, [...three, pod("n")], [0, "c"]);
});

test("an old pod that serves nobody goes at once", () => {
  check({}, [pod("a", old), pod("b", old), pod("c", { ...old, isAvailable: false })], [1, "c"]);
});

test("recreate removes every old pod and waits for their end", () => {
  check({ isRecreate: true }, [pod("a", old), pod("b", old)], [0, "a", "b"]);
  check({ isRecreate: true }, [pod("a", { ...old, isDeleting: true })], [0]);
  check({ isRecreate: true }, [], [3]);
});

test("a paused rollout scales and keeps its mix", () => {
  check({ isPaused: true, replicas: 4 }, [pod("a", old), pod("b"), pod("c")], [1]);
  check({ isPaused: true, replicas: 2 }, [pod("a", old), pod("b"), pod("c")], [0, "a"]);
});

test("percentages are rounded up for surge and down for unavailable, and are never both nothing", () => {
  assert.deepEqual(resolveLimits({ maxSurge: "25%", maxUnavailable: "25%" }, 3), { maxSurge: 1, maxUnavailable: 0 });
  assert.deepEqual(resolveLimits({ maxSurge: "0%", maxUnavailable: "10%" }, 3), { maxSurge: 0, maxUnavailable: 1 });
  assert.deepEqual(resolveLimits({ maxSurge: 2, maxUnavailable: 1 }, 3), { maxSurge: 2, maxUnavailable: 1 });
});

/** What may happen to a world between two looks: a pod becomes available, or a pod that was told to go has gone. */
type Chance = { readonly kind: "ready" | "gone" | "look"; readonly which: number };

const world = fc.record({
  replicas: fc.integer({ min: 0, max: 12 }),
  maxSurge: fc.integer({ min: 0, max: 4 }),
  maxUnavailable: fc.integer({ min: 0, max: 4 }),
  oldCount: fc.integer({ min: 0, max: 12 }),
  chances: fc.array(fc.record({ kind: fc.constantFrom<Chance["kind"]>("ready", "gone", "look"), which: fc.nat(30) }), {
    maxLength: 80,
  }),
});

test("a rolling update never has more pods than the surge allows, never removes availability it needs, and ends", () => {
  fc.assert(
    fc.property(world, ({ replicas, maxSurge, maxUnavailable, oldCount, chances }) => {
      const limits =
        maxSurge === 0 && maxUnavailable === 0 ? { maxSurge: 1, maxUnavailable } : { maxSurge, maxUnavailable };
      const wanted = { ...goal, replicas, ...limits };
      let pods = Array.from({ length: oldCount }, (_, index) => pod(`old-${index}`, old));
      let made = 0;
      const look = (): void => {
        const before = pods.filter(({ isDeleting }) => !isDeleting);
        const plan = planRollout(wanted, pods);
        pods = pods.map((one) =>
          plan.remove.includes(one.name) ? { ...one, isDeleting: true, isAvailable: false } : one,
        );
        for (let left = plan.createCount; left > 0; left -= 1) pods.push(pod(`new-${made++}`, { isAvailable: false }));
        const after = pods.filter(({ isDeleting }) => !isDeleting);
        const ceiling = Math.max(replicas + limits.maxSurge, before.length);
        assert(after.length <= ceiling, `${after.length} pods, at most ${ceiling}`);
        const floor = Math.min(
          replicas - limits.maxUnavailable,
          before.filter(({ isAvailable }) => isAvailable).length,
        );
        const available = after.filter(({ isAvailable }) => isAvailable).length;
        assert(available >= floor, `${available} available, at least ${floor}`);
      };
      const happen = ({ kind, which }: Chance): void => {
        const concerned = pods.filter(({ isDeleting, isAvailable }) =>
          kind === "gone" ? isDeleting : !isDeleting && !isAvailable,
        );
        const chosen = concerned[which % Math.max(concerned.length, 1)];
        if (chosen === undefined) return;
        if (kind === "gone") pods = pods.filter((one) => one !== chosen);
        else pods = pods.map((one) => (one === chosen ? { ...one, isAvailable: true } : one));
      };
      for (const chance of chances) {
        if (chance.kind === "look") look();
        else happen(chance);
      }
      for (let round = 0; round < 60; round += 1) {
        look();
        pods = pods.filter(({ isDeleting }) => !isDeleting).map((one) => ({ ...one, isAvailable: true }));
      }
      assert.equal(pods.length, replicas);
      assert(pods.every(({ isCurrent }) => isCurrent));
    }),
  );
});
