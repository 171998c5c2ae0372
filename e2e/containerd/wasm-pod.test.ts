import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { buildImage, openStore } from "#image";
import type { Handler } from "./configuration.ts";
import { containerState, sandboxState } from "./cri-messages.ts";
import { type ContainerOptions, Pod } from "./pod.ts";
import type { ContainerdVersion } from "./prefix.ts";
import { type ContainerdRig, startContainerd } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

const tree = join(import.meta.dirname, "../..");

const MEBIBYTE = 1024 * 1024;

/** Pods that are started at once, more than there are processors. */
const PODS = 20;

/** The quickstart's container, under the name that `kwasm build -t hello:v1` gives its image. */
const hello: ContainerOptions = {
  name: "hello",
  image: "localhost/hello:v1",
  command: ["/"],
  ports: [8080],
  memoryBytesMax: 32 * MEBIBYTE,
};

/** A rig with the quickstart's image, whose Wasm handlers are served by the shim of this tree. */
async function startWasmRig(version: ContainerdVersion): Promise<ContainerdRig> {
  // The shim would bundle the sources itself; a mistake in them is easier to see here.
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const shims = await mkdtempDisposable(join(tmpdir(), "kwasm-shims-"));
  for (const name of ["containerd-shim-spin-v2", "containerd-shim-wasmtime-v1"]) {
    symlinkSync(join(tree, "src/shim/containerd-shim-kwasm-v1"), join(shims.path, name));
  }
  const rig = await startContainerd({ version, shimDirectory: shims.path });
  rig.adopt(shims);
  const store = openStore(join(rig.directory, "images"));
  await buildImage({ source: join(tree, "examples/quickstart/hello/hello.wasm"), name: "hello:v1", store });
  await rig.importLayout(store.layout.directory);
  return rig;
}

async function serveHello(rig: ContainerdRig, handler: Handler, hostname: string) {
  const pod = await Pod.start(rig, handler);
  const id = await pod.startContainer({ ...hello, env: { HOSTNAME: hostname } });
  return { pod, id, url: `http://${await pod.readIp()}:8080/` };
}

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
