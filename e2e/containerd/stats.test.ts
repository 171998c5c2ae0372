import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { askUntil } from "./ask-until.ts";
import { readUsage, usageOf, waitForGrowth } from "./container-usage.ts";
import { Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { serveHello, startWasmRig, worker } from "./wasm-rig.ts";

/** More than there are processors, each in a process of its own. */
const SPINNERS = 8;
const MEBIBYTE = 1024 * 1024;

for (const version of versionsUnderTest) {
  describe(`containerd ${version} with KWasm`, () => {
    test("a container's time grows while it works, and its memory is known", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(worker("work"));
      const first = await readUsage(rig, id);
      assert.ok(first.cpuNs > 0n && first.memoryBytes > 0n);
      await waitForGrowth(rig, id, await waitForGrowth(rig, id, first));
    });

    test("everybody's time and memory are told while guests of other pods never yield", async () => {
      await using rig = await startWasmRig(version);
      const { id: served } = await serveHello(rig, "spin", "pod-1");
      const spinners = await Promise.all(
        Array.from({ length: SPINNERS }, async () => {
          const pod = await Pod.start(rig, "spin", { annotations: { "kwasm.sh/isolation": "pod" } });
          return pod.startContainer(worker("spin"));
        }),
      );
      const { stats } = await rig.cri.call("RuntimeService/ListContainerStats", {});
      assert.deepEqual(new Set(stats.map(({ attributes }) => attributes?.id)), new Set([served, ...spinners]));
      for (const { cpuNs, memoryBytes } of stats.map(usageOf)) assert.ok(cpuNs > 0n && memoryBytes > 0n);
      for (const id of spinners) await waitForGrowth(rig, id, await readUsage(rig, id));
    });

    test("limits of a container change in place, and one below what it has is refused", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const containerId = await pod.startContainer(worker("work"));
      const before = await readUsage(rig, containerId);
      const memoryLimitInBytes = BigInt(6 * MEBIBYTE);
      // As kubelet does: memory first, then processors.
      for (const linux of [{ memoryLimitInBytes }, { cpuPeriod: 100_000n, cpuQuota: 50_000n, cpuShares: 512n }]) {
        await rig.cri.call("RuntimeService/UpdateContainerResources", { containerId, linux });
      }
      const after = await readUsage(rig, containerId);
      assert.equal(after.availableBytes - before.availableBytes, BigInt(2 * MEBIBYTE));
      const tooLittle = { containerId, linux: { memoryLimitInBytes: 4_096n } };
      await assert.rejects(
        rig.cri.call("RuntimeService/UpdateContainerResources", tooLittle),
        /"4096" bytes of memory/u,
      );
      assert.equal((await readUsage(rig, containerId)).availableBytes, after.availableBytes);
      await waitForGrowth(rig, containerId, after);
    });

    test("a container whose module begins with more than its limit does not start, and both numbers are told", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const start = pod.startContainer({ ...worker("work"), memoryBytesMax: 65_536 });
      await assert.rejects(start, /needs "131072" bytes of memory.*"65536" in all/u);
    });

    test("a container that fills its memory is shown as killed for it, and its neighbour goes on", async () => {
      await using rig = await startWasmRig(version);
      const { url } = await serveHello(rig, "spin", "pod-1");
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(worker("fill"));
      assert.equal((await pod.waitForExit(id)).exitCode, 137);
      // containerd hears of the end by a call and of its reason by an event, in either order.
      await askUntil("the reason", async () => (await pod.readStatus(id)).reason === "OOMKilled" || undefined);
      assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
    });

    test("a container that is paused computes nothing until it is resumed, and is shown so", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(worker("work"));
      const neighbour = await (await Pod.start(rig, "spin")).startContainer(worker("work"));
      await rig.ctr("task", "pause", id);
      assert.match(await rig.ctr("task", "list"), new RegExp(`${id} .*PAUSED`, "u"));
      const paused = await readUsage(rig, id);
      await waitForGrowth(rig, neighbour, await waitForGrowth(rig, neighbour, await readUsage(rig, neighbour)));
      assert.deepEqual(await readUsage(rig, id), paused);
      await rig.ctr("task", "resume", id);
      await waitForGrowth(rig, id, paused);
      await rig.ctr("task", "pause", id);
      await pod.stop();
      assert.equal((await pod.readStatus(id)).exitCode, 143);
    });
  });
}
