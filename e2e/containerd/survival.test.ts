import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { askUntil } from "./ask-until.ts";
import { readUsage, waitForGrowth } from "./container-usage.ts";
import { containerState, sandboxState } from "./cri-messages.ts";
import { Pod, runScript } from "./pod.ts";
import type { ContainerdRig } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { hello, readRuntimePid, serveHello, startWasmRig, talker, worker } from "./wasm-rig.ts";

/** How often control is killed while pods come and go. */
const KILLS = 20;
/** Pods that come and go side by side meanwhile. */
const LANES = 4;
/** A guest that writes for about two seconds. */
const LINES = 1000;

/** Kills control, or has its keeper replace it, and waits for the next one. */
async function replaceControl(rig: ContainerdRig, signal: "KILL" | "HUP"): Promise<void> {
  const control = readRuntimePid(rig, "control");
  await rig.run(["kill", `-${signal}`, signal === "HUP" ? readRuntimePid(rig, "keeper") : control]);
  await askUntil("the next control", async () => readRuntimePid(rig, "control") !== control || undefined);
}

for (const version of versionsUnderTest) {
  describe(`containerd ${version} with KWasm, when parts of it end`, () => {
    test("a pod serves, logs and ends as if nothing had happened when control is killed", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod, id, url } = await serveHello(rig, "spin", "pod-1");
      const ip = await pod.readIp();
      for (const signal of ["KILL", "KILL", "HUP"] as const) {
        const lines = pod.readLog("hello").length;
        const replaced = replaceControl(rig, signal);
        assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
        await replaced;
        assert.equal((await pod.readStatus(id)).state, containerState.running);
        await pod.waitForOutput("hello", lines);
      }
      assert.equal(await pod.readState(), sandboxState.ready);
      assert.equal(await pod.readIp(), ip);
      await pod.stop();
      assert.equal((await pod.readStatus(id)).exitCode, 143);
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("a native container of a pod outlives control too", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(runScript("native", "trap 'exit 7' TERM; echo up; sleep 600 & wait"));
      await pod.waitForOutput("native");
      await replaceControl(rig, "KILL");
      assert.equal((await pod.readStatus(id)).state, containerState.running);
      await pod.stop();
      assert.equal((await pod.readStatus(id)).exitCode, 7);
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("what a guest writes, and how it ends, while control is away is known to the next", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(talker({ waitMs: 300, lines: LINES, status: 3 }));
      await rig.run(["kill", "-STOP", readRuntimePid(rig, "control")]);
      assert.equal((await pod.waitForExit(id)).exitCode, 3);
      assert.equal(pod.readLog("talker").length, LINES);
    });

    test("what a container has used, a limit that changed and a pause are known to the next control", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(worker("work"));
      const linux = { memoryLimitInBytes: BigInt(6 * 1024 * 1024) };
      await rig.cri.call("RuntimeService/UpdateContainerResources", { containerId: id, linux });
      await rig.ctr("task", "pause", id);
      const paused = await readUsage(rig, id);
      await replaceControl(rig, "KILL");
      assert.deepEqual(await readUsage(rig, id), paused);
      assert.match(await rig.ctr("task", "list"), new RegExp(`${id} .*PAUSED`, "u"));
      await rig.ctr("task", "resume", id);
      await waitForGrowth(rig, id, paused);
    });

    test(`no call is lost when control is killed ${KILLS} times while pods come and go`, async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const over = new AbortController();
      const failures: unknown[] = [];
      const lanes = Array.from({ length: LANES }, async () => {
        while (!over.signal.aborted) await runOnePod().catch((error: unknown) => failures.push(error));
      });
      async function runOnePod(): Promise<void> {
        const pod = await Pod.start(rig, "spin");
        const id = await pod.startContainer(hello);
        assert.equal((await pod.readStatus(id)).state, containerState.running);
        await pod.stop();
        await pod.remove();
      }
      try {
        for (let kills = 0; kills < KILLS; kills += 1) await replaceControl(rig, "KILL");
      } finally {
        over.abort();
        await Promise.all(lanes);
      }
      assert.deepEqual(failures, []);
      assert.deepEqual(rig.countAll(), before);
    });

    test("a control that stands still is replaced, and the statistics of the node go on", async () => {
      await using rig = await startWasmRig(version);
      const { pod, id } = await serveHello(rig, "spin", "pod-1");
      const control = readRuntimePid(rig, "control");
      await rig.run(["kill", "-STOP", control]);
      const { stats } = await rig.cri.call("RuntimeService/ContainerStats", { containerId: id });
      assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
      assert.notEqual(readRuntimePid(rig, "control"), control);
      assert.equal((await pod.readStatus(id)).state, containerState.running);
    });

    test("when a cell is killed its containers end with a reason, and their pods stay", async () => {
      await using rig = await startWasmRig(version);
      const served = await Promise.all(["a", "b", "c"].map((name) => serveHello(rig, "spin", name)));
      const keeper = readRuntimePid(rig, "keeper");
      const control = readRuntimePid(rig, "control");
      const children = await rig.run(["sh", "-c", `cat /proc/${keeper}/task/*/children`]);
      const cell = children.split(/\s+/u).find((pid) => pid !== "" && pid !== control) ?? "";
      await rig.run(["kill", "-KILL", cell]);
      for (const { pod, id } of served) {
        assert.equal((await pod.waitForExit(id)).exitCode, 137);
        assert.equal(await pod.readState(), sandboxState.ready);
        const again = await pod.startContainer({ ...hello, name: "again", env: { HOSTNAME: "again" } });
        assert.equal((await pod.readStatus(again)).state, containerState.running);
        assert.equal(await rig.fetchText(`http://${await pod.readIp()}:8080/`), "Hello from again\n");
      }
    });
  });
}
