import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { askUntil } from "./ask-until.ts";
import { containerState } from "./cri-messages.ts";
import { nativeImage } from "./native-image.ts";
import { Pod, runScript } from "./pod.ts";
import { proxy } from "./proxy.ts";
import type { ContainerdRig } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { serveHello, startWasmRig, talker } from "./wasm-rig.ts";

const MEBIBYTE = 1024 * 1024;

/** A native container that says how the pod's Wasm server greets it on localhost, and stays. */
const caller = runScript(
  "caller",
  "busybox wget -q -O - http://127.0.0.1:8080/; trap 'echo bye; exit 5' TERM; busybox sleep 600 & wait",
);

/** A native container that stays until it is killed, and has said that it is there. */
function stay(name: string) {
  return runScript(name, "echo ready; exec busybox sleep 600");
}

async function execute(rig: ContainerdRig, containerId: string, script: string): Promise<string> {
  const cmd = ["/bin/busybox", "sh", "-c", script];
  const { stdout } = await rig.cri.call("RuntimeService/ExecSync", { containerId, cmd, timeout: 10n });
  return Buffer.from(stdout).toString().trim();
}

/**
 * Runs a container on a terminal while containerd's events are written to a file, from before its beginning until
 * after its end: which of them is the first that comes, and whether it has come, is only seen by asking.
 */
const runWithTerminal = `
  export CONTAINERD_ADDRESS=$0/containerd.sock CONTAINERD_NAMESPACE=k8s.io
  ctr events >"$0/events" &
  until [ -s "$0/events" ]; do ctr namespaces label k8s.io asked=yes; sleep 0.1; done
  script -qec "ctr run --rm --tty --runtime io.containerd.spin.v2 $1 once /bin/busybox tty" /dev/null
  until grep -q /containers/delete "$0/events"; do sleep 0.1; done
  kill $!`;

/** Ids of the processes of runc's shim, as the rig sees them. */
async function listShims(rig: ContainerdRig): Promise<readonly string[]> {
  const list = await rig.run(["sh", "-c", "for p in /proc/[0-9]*; do echo $p $(readlink $p/exe); done"]);
  return list.split("\n").flatMap((line) => /^\/proc\/(\d+) .*containerd-shim-runc-v2/u.exec(line)?.[1] ?? []);
}

for (const version of versionsUnderTest) {
  describe(`native containers beside Wasm ones on containerd ${version}`, () => {
    test("a sidecar reaches the pod's guest on localhost, and is a container like any other", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod, id: guest, url } = await serveHello(rig, "spin", "pod-1");
      const containerId = await pod.startContainer(caller);
      await pod.waitForOutput("caller");
      assert.deepEqual(pod.readLog("caller"), ["stdout F Hello from pod-1"]);
      assert.deepEqual(await pod.listContainers(), {
        [guest]: containerState.running,
        [containerId]: containerState.running,
      });
      const cmd = ["/bin/busybox", "sh", "-c", "echo $0; exit 4"];
      const { stdout, exitCode } = await rig.cri.call("RuntimeService/ExecSync", { containerId, cmd, timeout: 10n });
      assert.deepEqual({ stdout: Buffer.from(stdout).toString(), exitCode }, { stdout: "sh\n", exitCode: 4 });
      const { stats } = await rig.cri.call("RuntimeService/ContainerStats", { containerId });
      assert.ok((stats?.cpu?.usageCoreNanoSeconds?.value ?? 0n) > 0n);
      assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
      assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
      await pod.stop();
      assert.equal((await pod.readStatus(containerId)).exitCode, 5);
      await pod.waitForOutput("caller", 1);
      assert.equal(pod.readLog("caller").at(-1), "stdout F bye");
      await pod.remove();
      assert.deepEqual(await listShims(rig), []);
      assert.deepEqual(rig.countAll(), before);
    });

    test("a proxy in front of the guest is reached on the pod's address", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod } = await serveHello(rig, "spin", "pod-1");
      await pod.startContainer(await proxy(rig));
      const url = `http://${await pod.readIp()}:8000/`;
      const text = await askUntil("the proxy", () => rig.fetchText(url).catch(() => undefined));
      assert.equal(text, "Hello from pod-1\n");
      await pod.stop();
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("an init container ends before the guest starts, and a pod may be native alone", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const pod = await Pod.start(rig, "spin");
      const first = await pod.startContainer(runScript("init", "echo prepared; exit 0"));
      assert.equal((await pod.waitForExit(first)).exitCode, 0);
      const failed = await pod.startContainer(runScript("failing", "echo broken >&2; exit 7"));
      const { exitCode, reason } = await pod.waitForExit(failed);
      assert.deepEqual({ exitCode, reason }, { exitCode: 7, reason: "Error" });
      // containerd writes the log while it tells of the end.
      for (const name of ["init", "failing"]) await pod.waitForOutput(name);
      assert.deepEqual([pod.readLog("init"), pod.readLog("failing")], [["stdout F prepared"], ["stderr F broken"]]);
      const guest = await pod.startContainer(talker({ waitMs: 0, lines: 1, status: 3 }));
      assert.equal((await pod.waitForExit(guest)).exitCode, 3);
      await pod.stop();
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("native containers of a pod share its name and its ipc namespace, and one shim", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const [one, two] = [await pod.startContainer(stay("one")), await pod.startContainer(stay("two"))];
      const script = "for ns in net ipc uts; do busybox readlink /proc/self/ns/$ns; done; busybox hostname";
      const seen = await execute(rig, one, script);
      assert.equal(await execute(rig, two, script), seen);
      assert.match(seen, /\npod-[0-9a-f]+$/u);
      assert.equal((await listShims(rig)).length, 1);
      const debug = await pod.startContainer({ ...stay("debug"), targetId: one });
      assert.match(await execute(rig, debug, "busybox ps"), /sleep 600[^]*sleep 600/u);
    });

    test("a container that debugs a guest has the pod's network", async () => {
      await using rig = await startWasmRig(version);
      const { pod, id: targetId } = await serveHello(rig, "spin", "pod-1");
      await pod.startContainer({ ...caller, targetId });
      await pod.waitForOutput("caller");
      assert.deepEqual(pod.readLog("caller"), ["stdout F Hello from pod-1"]);
    });

    test("limits hold, can be changed, and a container can be paused", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const memoryBytesMax = 16 * MEBIBYTE;
      // runc's shim begins to watch a container's memory when that has started: not before it answers.
      const eat = runScript("hungry", "until [ -e /dev/shm/eat ]; do busybox sleep 0.1; done; busybox tail /dev/zero");
      const hungry = await pod.startContainer({ ...eat, memoryBytesMax });
      await execute(rig, hungry, ": >/dev/shm/eat");
      assert.equal((await pod.waitForExit(hungry)).exitCode, 137);
      // containerd hears of the end by one event and of its reason by another, in either order.
      await askUntil("the reason", async () => (await pod.readStatus(hungry)).reason === "OOMKilled" || undefined);
      const containerId = await pod.startContainer({ ...stay("stay"), memoryBytesMax });
      const linux = { memoryLimitInBytes: BigInt(32 * MEBIBYTE) };
      await rig.cri.call("RuntimeService/UpdateContainerResources", { containerId, linux });
      await rig.ctr("tasks", "pause", containerId);
      assert.match(await rig.ctr("tasks", "list"), new RegExp(`${containerId}\\s+\\d+\\s+PAUSED`, "u"));
      await rig.ctr("tasks", "resume", containerId);
      assert.equal(await execute(rig, containerId, "echo there"), "there");
    });

    test("a program that is not there is refused with its name", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const missing = { name: "missing", image: nativeImage, command: ["/bin/absent"] };
      await assert.rejects(pod.startContainer(missing), { message: /no file "\/bin\/absent"/u });
      const folder = { ...stay("folder"), command: ["/bin/busybox", "absent"] };
      const id = await pod.startContainer(folder);
      assert.equal((await pod.waitForExit(id)).exitCode, 127);
    });

    test("what runc refuses is said in its own words, and nothing of it is left", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const pod = await Pod.start(rig, "spin");
      const tiny = { ...stay("tiny"), memoryBytesMax: 4_096 };
      await assert.rejects(pod.startContainer(tiny), { message: /OCI runtime create failed/u });
      assert.deepEqual(await listShims(rig), []);
      await pod.stop();
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("containerd is told of each step once, and a terminal is one", async () => {
      await using rig = await startWasmRig(version);
      const output = await rig.run(["sh", "-euc", runWithTerminal, rig.directory, nativeImage]);
      assert.match(output, /^\/dev\/pts\/\d+/u);
      const events = readFileSync(join(rig.directory, "events"), "utf8").match(/\/tasks\/\S+/gu);
      assert.deepEqual(
        events,
        ["create", "start", "exit", "delete"].map((step) => `/tasks/${step}`),
      );
    });

    test("a pod with a sidecar lives on while containerd is killed and started again", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod, url } = await serveHello(rig, "spin", "pod-1");
      const id = await pod.startContainer(runScript("ticker", "while busybox sleep 0.1; do echo tick; done"));
      await pod.waitForOutput("ticker");
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        await rig.kill(signal);
        const lines = pod.readLog("ticker").length;
        await rig.start();
        assert.equal((await pod.readStatus(id)).state, containerState.running);
        await pod.waitForOutput("ticker", lines);
        assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
      }
      await pod.stop(0);
      assert.equal((await pod.readStatus(id)).exitCode, 137);
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("when the shim of native containers is killed they are ended, and the guest lives on", async () => {
      await using rig = await startWasmRig(version);
      const before = await Pod.countAfterOne(rig, "spin");
      const { pod, id: guest, url } = await serveHello(rig, "spin", "pod-1");
      const ids = [await pod.startContainer(stay("one")), await pod.startContainer(stay("two"))];
      await rig.run(["kill", "-KILL", ...(await listShims(rig))]);
      for (const id of ids) assert.equal((await pod.waitForExit(id)).exitCode, 137);
      assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
      const next = await pod.startContainer(stay("next"));
      const running = { [guest]: containerState.running, [next]: containerState.running };
      const exited = Object.fromEntries(ids.map((id) => [id, containerState.exited]));
      assert.deepEqual(await pod.listContainers(), { ...running, ...exited });
      await pod.stop();
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    for (const signal of ["KILL", "TERM"] as const) {
      test(`when the process behind the shims ends by SIG${signal}, native containers are ended too`, async () => {
        await using rig = await startWasmRig(version);
        const before = await Pod.countAfterOne(rig, "spin");
        const { pod } = await serveHello(rig, "spin", "pod-1");
        const ids = [await pod.startContainer(stay("one")), await pod.startContainer(stay("two"))];
        const [pid = ""] = readFileSync(join(rig.directory, "containerd.sock.kwasm/pid"), "utf8").split(" ");
        await rig.run(["kill", `-${signal}`, pid]);
        for (const id of ids) await pod.waitForExit(id);
        // containerd cleans up after that, and tells nobody when.
        const bundles = "/run/containerd/io.containerd.runtime.v2.task/k8s.io";
        await askUntil("the end of all tasks", async () => (await rig.run(["ls", bundles])) === "" || undefined);
        await pod.stop();
        await pod.remove();
        const next = await serveHello(rig, "spin", "next");
        assert.equal(await rig.fetchText(next.url), "Hello from next\n");
        await next.pod.stop();
        await next.pod.remove();
        assert.deepEqual(await listShims(rig), []);
        assert.deepEqual(globSync(join(rig.directory, "containerd.sock.kwasm/native/*")), []);
        assert.deepEqual(rig.countAll(), before);
      });
    }
  });
}
