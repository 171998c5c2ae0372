import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { containerState, sandboxState } from "./cri-messages.ts";
import { Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { serveHello, startWasmRig, talker } from "./wasm-rig.ts";

/** Pods that are started at once, more than there are processors. */
const PODS = 20;

/** Long enough for a guest to end after its own wait; a slower one ends when containerd is back. */
const ABSENCE_MS = 600;

for (const version of versionsUnderTest) {
  describe(`containerd ${version} with KWasm`, () => {
    for (const handler of ["spin", "wasmtime"] as const) {
      test(`a guest of handler ${handler} serves on its pod's address, and its pod leaves nothing behind`, async () => {
        await using rig = await startWasmRig(version);
        const before = await Pod.countAfterOne(rig, handler);
        const { pod, id, url } = await serveHello(rig, handler, "pod-1");
        assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
        assert.deepEqual(await pod.listContainers(), { [id]: containerState.running });
        await pod.waitForOutput("hello", 1);
        assert.deepEqual(pod.readLog("hello"), ["stdout F hello: serving", "stdout F GET / 200"]);
        await pod.stop();
        assert.equal((await pod.readStatus(id)).exitCode, 143);
        assert.equal(await pod.readState(), sandboxState.notReady);
        await pod.remove();
        assert.deepEqual(rig.countAll(), before);
      });
    }

    test("a guest's output and exit code arrive", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(talker({ waitMs: 0, lines: 2, status: 7 }));
      const { exitCode, reason } = await pod.waitForExit(id);
      assert.deepEqual({ exitCode, reason }, { exitCode: 7, reason: "Error" });
      assert.deepEqual(pod.readLog("talker").toSorted(), ["stderr F line 1", "stdout F line 0"]);
    });

    test("what a guest writes, and how it ends, while containerd is away is known to the next", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(talker({ waitMs: 200, lines: 1000, status: 3 }));
      await rig.kill("SIGKILL");
      await sleep(ABSENCE_MS);
      await rig.start();
      assert.equal((await pod.waitForExit(id)).exitCode, 3);
      assert.equal(pod.readLog("talker").length, 1000);
    });

    test("a guest's memory is known", async () => {
      await using rig = await startWasmRig(version);
      const { id: containerId, url } = await serveHello(rig, "spin", "pod-1");
      await rig.fetchText(url);
      const { stats } = await rig.cri.call("RuntimeService/ContainerStats", { containerId });
      assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
    });

    test("a pod serves on while containerd is killed and started again", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod, id, url } = await serveHello(rig, "spin", "pod-1");
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        await rig.kill(signal);
        const lines = pod.readLog("hello").length;
        assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
        await rig.start();
        assert.equal((await pod.readStatus(id)).state, containerState.running);
        await pod.waitForOutput("hello", lines);
      }
      await pod.stop();
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("when the process behind the shims is killed, its pods are ended, and the next one is served", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const served = await Promise.all(["a", "b", "c"].map((name) => serveHello(rig, "spin", name)));
      const [pid = ""] = readFileSync(join(rig.directory, "containerd.sock.kwasm/pid"), "utf8").split(" ");
      await rig.run(["kill", "-KILL", pid]);
      for (const { pod, id } of served) await pod.waitForExit(id);
      const next = await serveHello(rig, "spin", "next");
      assert.equal(await rig.fetchText(next.url), "Hello from next\n");
      for (const { pod } of [...served, next]) {
        await pod.stop();
        await pod.remove();
      }
      assert.deepEqual(rig.countAll(), before);
    });

    test(`${PODS} pods start at once, and are removed at once`, async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const names = Array.from({ length: PODS }, (_, index) => `pod-${index}`);
      const served = await Promise.all(names.map((name) => serveHello(rig, "spin", name)));
      const answers = await Promise.all(served.map(({ url }) => rig.fetchText(url)));
      assert.deepEqual(
        answers,
        names.map((name) => `Hello from ${name}\n`),
      );
      await Promise.all(served.map(({ pod }) => pod.stop()));
      await Promise.all(served.map(({ pod }) => pod.remove()));
      assert.deepEqual(rig.countAll(), before);
    });
  });
}
