import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { versionsUnderTest } from "../containerd/versions-under-test.ts";
import { runFuzz } from "./fuzz.ts";
import { runKillCell } from "./kill-cell.ts";
import { runKillCycles } from "./kill-cycles.ts";
import { runKillKeeper } from "./kill-keeper.ts";
import { runPressure } from "./pressure.ts";
import { runRestarts } from "./restarts.ts";
import { startStressRig } from "./stress-rig.ts";

/** Larger numbers of the same are bench/containerd/survival.ts. */
for (const version of versionsUnderTest) {
  describe(`containerd ${version} under stress`, () => {
    test("the guests of a cell that is killed end, and no others", async () => {
      await using rig = await startStressRig(version);
      const { problems } = await runKillCell(rig, { guests: 50, bystanders: 2 });
      assert.deepEqual(problems, []);
    });

    test("nothing is left of pods whose keeper is killed", async () => {
      await using rig = await startStressRig(version);
      assert.deepEqual((await runKillKeeper(rig, { pods: 5 })).problems, []);
    });

    test("pods are answered for while others compute, fill memory and flood their logs", async () => {
      await using rig = await startStressRig(version);
      assert.deepEqual((await runPressure(rig, { pods: 20, spinners: 4, rounds: 2 })).problems, []);
    });

    test("no call is lost when control is killed again and again while containers come and go", async () => {
      await using rig = await startStressRig(version);
      assert.deepEqual((await runKillCycles(rig, { cycles: 200, kills: 20, atOnce: 8 })).problems, []);
    });

    test("no pod and no line is lost when containerd and control are killed in turn", async () => {
      await using rig = await startStressRig(version);
      const counts = { pods: 10, containerdKills: 2, controlKills: 2, seconds: 10 };
      assert.deepEqual((await runRestarts(rig, counts)).problems, []);
    });

    test("calls that no client makes harm no pod", async () => {
      await using rig = await startStressRig(version);
      assert.deepEqual((await runFuzz(rig, { attacks: 300, seed: Date.now() })).problems, []);
    });
  });
}
