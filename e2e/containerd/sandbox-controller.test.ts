import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import { KwasmError } from "#base";
import { askUntil } from "./ask-until.ts";
import { containerState, sandboxState } from "./cri-messages.ts";
import { dataDirectory, sandboxerHandler } from "./configuration.ts";
import { Pod } from "./pod.ts";
import { startSandboxerRig } from "./sandboxer-rig.ts";
import { hello, serveHello } from "./wasm-rig.ts";

/** Pods that are started at once, more than there are processors. */
const PODS = 20;

const sandboxes = join(dataDirectory, "io.containerd.grpc.v1.cri/sandboxes");

/** containerd dials a plugin that it found away only after a pause; kubelet asks again meanwhile. */
async function askState(pod: Pod): Promise<number | undefined> {
  try {
    return await pod.readState();
  } catch (error) {
    if (error instanceof KwasmError && error.code === "unavailable") return undefined;
    throw error;
  }
}

describe("containerd 2 with KWasm as its sandbox controller", () => {
  test("a pod serves, no program is started for it, and it leaves nothing behind", async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const before = await Pod.countAfterOne(rig, sandboxerHandler);
    const { pod, id, url } = await serveHello(rig, sandboxerHandler, "pod-1");
    assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
    assert.deepEqual(await pod.listContainers(), { [id]: containerState.running });
    const starts = served.readShimCalls().filter((call) => /\b(?:start|delete)$/u.test(call));
    assert.deepEqual(starts, []);
    await pod.stop();
    assert.equal((await pod.readStatus(id)).exitCode, 143);
    assert.equal(await pod.readState(), sandboxState.notReady);
    await pod.remove();
    assert.deepEqual(rig.countAll(), before);
    assert.equal(await rig.run(["ls", sandboxes]), "");
  });

  test("a pod's resolver, hosts and host name are mounted into its containers", async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const { pod, id } = await serveHello(rig, sandboxerHandler, "pod-1");
    const config = await rig.run(["cat", `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`]);
    for (const name of ["resolv.conf", "hosts", "hostname"]) {
      assert.ok(config.includes(`"${join(sandboxes, pod.id, name)}"`), `${name} is not mounted`);
    }
    const resolver = await rig.run(["cat", join(sandboxes, pod.id, "resolv.conf")]);
    assert.equal(resolver, "search default.svc.cluster.local\nnameserver 10.96.0.10\n");
    assert.match(await rig.run(["cat", join(sandboxes, pod.id, "hostname")]), /^pod-[0-9a-f]{8}\n$/u);
  });

  test("a pod serves on while containerd is killed and started again", async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const before = await Pod.countAfterOne(rig, sandboxerHandler);
    const { pod, id, url } = await serveHello(rig, sandboxerHandler, "pod-1");
    await rig.kill("SIGKILL");
    assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
    await rig.start();
    assert.equal((await pod.readStatus(id)).state, containerState.running);
    assert.equal(await pod.readState(), sandboxState.ready);
    await pod.stop();
    await pod.remove();
    assert.deepEqual(rig.countAll(), before);
  });

  test("when the process behind the pods is killed, its successor has the same pods at the same addresses", async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const before = await Pod.countAfterOne(rig, sandboxerHandler);
    const { pod, id } = await serveHello(rig, sandboxerHandler, "first");
    const ip = await pod.readIp();
    await served.kill();
    await served.start();
    await pod.waitForExit(id);
    assert.equal(await askUntil("the pod's state", () => askState(pod)), sandboxState.ready);
    assert.equal(await pod.readIp(), ip);
    await pod.startContainer({ ...hello, name: "second", env: { HOSTNAME: "second" } });
    assert.equal(await rig.fetchText(`http://${ip}:8080/`), "Hello from second\n");
    await pod.stop();
    await pod.remove();
    assert.deepEqual(rig.countAll(), before);
  });

  test("a pod on the host's network serves there", async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const pod = await Pod.start(rig, sandboxerHandler, { network: "node" });
    await pod.startContainer({ ...hello, env: { HOSTNAME: "host" } });
    assert.equal(await rig.fetchText("http://127.0.0.1:8080/"), "Hello from host\n");
    await pod.stop();
    await pod.remove();
  });

  test(`${String(PODS)} pods start at once, and are removed at once`, async () => {
    await using served = await startSandboxerRig();
    const { rig } = served;
    const before = await Pod.countAfterOne(rig, sandboxerHandler);
    const names = Array.from({ length: PODS }, (_, index) => `pod-${String(index)}`);
    const pods = await Promise.all(names.map((name) => serveHello(rig, sandboxerHandler, name)));
    const answers = await Promise.all(pods.map(({ url }) => rig.fetchText(url)));
    assert.deepEqual(
      answers,
      names.map((name) => `Hello from ${name}\n`),
    );
    await Promise.all(pods.map(({ pod }) => pod.stop()));
    await Promise.all(pods.map(({ pod }) => pod.remove()));
    assert.deepEqual(rig.countAll(), before);
  });
});
