import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { serveHello, startWasmRig } from "./wasm-rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

for (const version of versionsUnderTest) {
  suite(`what containerd ${version} is answered`, () => {
    test("a container of a pod is started with the pod's shim where containerd can, and also after its restart", async () => {
      await using rig = await startWasmRig(version);
      const answer = join(rig.directory, "containerd.sock.kwasm/answer");
      const { pod, id } = await serveHello(rig, "spin", "first");
      const hasVersion3 = version === "2";
      assert.equal(existsSync(answer), hasVersion3);
      const bundle = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}`;
      const files = (await rig.run(["ls", bundle])).split("\n");
      // containerd writes it instead of starting the shim for the container, which would leave its address.
      assert.deepEqual([files.includes("sandbox"), files.includes("address")], [hasVersion3, !hasVersion3]);
      await rig.kill("SIGKILL");
      await rig.start();
      const next = await serveHello(rig, "spin", "second");
      assert.equal(await rig.fetchText(next.url), "Hello from second\n");
      for (const one of [pod, next.pod]) {
        await one.stop();
        await one.remove();
      }
    });
  });
}
