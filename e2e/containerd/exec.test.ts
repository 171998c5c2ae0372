import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import { waitForSpareCell } from "./cells.ts";
import { containerState } from "./cri-messages.ts";
import { type ContainerOptions, Pod } from "./pod.ts";
import type { ContainerdRig } from "./rig.ts";
import type { Conversation, Turn } from "./stream-client.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { serveHello, startWasmRig, talker } from "./wasm-rig.ts";

/** More than the FIFOs hold, so that the guest has to wait for containerd. */
const LINES = 50_000;

/** A container that repeats what it reads. */
function echoer(more: Pick<ContainerOptions, "stdin" | "tty">): ContainerOptions {
  return { name: "echoer", image: "localhost/echoer:v1", command: ["/app.wasm"], ...more };
}

async function execute(rig: ContainerdRig, containerId: string, cmd: readonly string[]) {
  const answer = await rig.cri.call("RuntimeService/ExecSync", { containerId, cmd, timeout: 30n });
  const [stdout, stderr] = [answer.stdout, answer.stderr].map((bytes) => Buffer.from(bytes).toString());
  return { stdout, stderr, exitCode: answer.exitCode };
}

/** Talks over a stream of the runtime, from inside the rig, where its server is. */
async function converse(rig: ContainerdRig, url: string, turns: readonly Turn[]): Promise<Conversation> {
  const client = join(import.meta.dirname, "stream-client.ts");
  const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
  return JSON.parse(await rig.run([...node, client, url, JSON.stringify(turns)])) as Conversation;
}

async function attach(rig: ContainerdRig, containerId: string, turns: readonly Turn[], tty = false) {
  const wanted = { stdin: true, stdout: true, stderr: !tty, tty };
  const { url } = await rig.cri.call("RuntimeService/Attach", { containerId, ...wanted });
  return converse(rig, url, turns);
}

for (const version of versionsUnderTest) {
  describe(`streams and processes on containerd ${version}`, () => {
    test("a container is looked into, and nothing is left behind", async () => {
      await using rig = await startWasmRig(version);
      const { id, url } = await serveHello(rig, "spin", "pod-1");
      await execute(rig, id, ["/kwasm", "ps"]);
      await waitForSpareCell(rig);
      const before = rig.countAll();
      const processes = await execute(rig, id, ["/kwasm", "ps"]);
      assert.match(processes.stdout ?? "", /^PID.*\n1 +running .*hello\.wasm\n$/u);
      assert.match((await execute(rig, id, ["/kwasm", "env"])).stdout ?? "", /^HOSTNAME=pod-1$/mu);
      assert.match((await execute(rig, id, ["/kwasm", "ls", "-l", "/"])).stdout ?? "", /hello\.wasm$/mu);
      assert.match((await execute(rig, id, ["/kwasm", "cat", "/etc/hosts"])).stdout ?? "", /localhost/u);
      assert.deepEqual(await execute(rig, id, ["/kwasm", "cat", "/none"]), {
        stdout: "",
        stderr: "cat: /none: no such file or directory\n",
        exitCode: 1,
      });
      assert.equal((await execute(rig, id, ["/kwasm", "sh"])).exitCode, 127);
      assert.match(await rig.ctr("tasks", "exec", "--exec-id", "by-hand", id, "/kwasm", "top"), /^1 +running +\d/mu);
      await assert.rejects(execute(rig, id, ["sh", "-c", "true"]), { code: "unsupported", message: /\/kwasm ps/u });
      assert.equal(await rig.fetchText(url), "Hello from pod-1\n");
      assert.deepEqual(rig.countAll(), before);
    });

    test("a terminal of kubectl exec shows whole lines and their end", async () => {
      await using rig = await startWasmRig(version);
      const { id: containerId } = await serveHello(rig, "spin", "pod-1");
      const wanted = { tty: true, stdin: true, stdout: true, stderr: false };
      const { url } = await rig.cri.call("RuntimeService/Exec", { containerId, cmd: ["/kwasm", "ps"], ...wanted });
      const { stdout, status } = await converse(rig, url, []);
      assert.match(stdout, /^PID .*COMMAND\r\n1 .*hello\.wasm\r\n$/u);
      assert.match(status, /"Success"/u);
    });

    test("who attaches one after the other is heard and hears, also after containerd was killed", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(echoer({ stdin: "always" }));
      const first = await attach(rig, id, [{ send: "one\n" }, { expect: "got one\n" }]);
      assert.match(first.stdout, /got one\n$/u);
      const second = await attach(rig, id, [{ send: "two\n" }, { expect: "got two\n" }]);
      assert.equal(second.stdout, "got two\n");
      await rig.kill("SIGKILL");
      await rig.start();
      const third = await attach(rig, id, [{ send: "three\n" }, { expect: "got three\n" }]);
      assert.equal(third.stdout, "got three\n");
      assert.equal((await pod.readStatus(id)).state, containerState.running);
      const lines = ["at streams", "got one", "got two", "got three"].map((line) => `stdout F ${line}`);
      await pod.waitForOutput("echoer", lines.length - 1);
      assert.deepEqual(pod.readLog("echoer"), lines);
      await pod.stop();
      await pod.remove();
    });

    test("an input for one ends with who attached, and the guest with it", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(echoer({ stdin: "once" }));
      await attach(rig, id, [{ send: "one\n" }, { expect: "got one\n" }]);
      assert.equal((await pod.waitForExit(id)).exitCode, 5);
      assert.deepEqual(pod.readLog("echoer"), ["stdout F at streams", "stdout F got one", "stdout F at the end"]);
    });

    test("ctr hands its own input to a guest, and the end of it", async () => {
      await using rig = await startWasmRig(version);
      const address = join(rig.directory, "containerd.sock");
      const run = `ctr --address ${address} --namespace k8s.io run --rm --runtime io.containerd.spin.v2`;
      const told = await rig.run([
        "sh",
        "-c",
        `printf 'one\\n' | ${run} localhost/echoer:v1 by-hand || echo "code $?"`,
      ]);
      assert.equal(told, "at streams\ngot one\nat the end\ncode 5\n");
    });

    test("every line that a guest writes before it ends is in its log", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(talker({ waitMs: 0, lines: LINES, status: 0 }));
      await pod.waitForExit(id);
      assert.equal(pod.readLog("talker").length, LINES);
    });

    test("a guest without an input reads its end at once", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(echoer({}));
      assert.equal((await pod.waitForExit(id)).exitCode, 5);
    });

    test("at a terminal a guest sees lines, who types sees them too, and control-C ends it", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer(echoer({ stdin: "once", tty: true }));
      await pod.waitForOutput("echoer");
      const size = { Width: 80, Height: 24 };
      const turns = [
        { resize: size, send: "hex\u007fy\r" },
        { expect: "got hey\r\n", send: "\u0003" },
      ];
      const { stdout } = await attach(rig, id, [...turns, { expect: "^C" }], true);
      assert.ok(stdout.endsWith("hex\b \by\r\ngot hey\r\n^C"), JSON.stringify(stdout));
      assert.equal((await pod.waitForExit(id)).exitCode, 130);
      assert.equal(pod.readLog("echoer")[0], "stdout F at a terminal");
    });
  });
}
