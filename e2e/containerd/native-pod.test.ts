import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { containerState, sandboxState } from "./cri-messages.ts";
import { Pod, runScript } from "./pod.ts";
import { startContainerd } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

const MEBIBYTE = 1024 * 1024;

for (const version of versionsUnderTest) {
  describe(`containerd ${version} with runc`, () => {
    test("a container's output, exit code and reason arrive, and its pod leaves nothing behind", async () => {
      await using rig = await startContainerd({ version });
      const before = await Pod.countAfterOne(rig, "runc");
      const pod = await Pod.start(rig, "runc");
      assert.match(await pod.readIp(), /^10\.88\./);
      const shell = runScript("shell", 'echo out; echo "$WORD" >&2; exit 7');
      const id = await pod.startContainer({ ...shell, env: { WORD: "err" } });
      const { exitCode, reason, startedAt, finishedAt } = await pod.waitForExit(id);
      assert.deepEqual({ exitCode, reason }, { exitCode: 7, reason: "Error" });
      assert.ok(startedAt > 0n && finishedAt > 0n);
      assert.deepEqual(pod.readLog("shell").toSorted(), ["stderr F err", "stdout F out"]);
      await pod.stop();
      assert.equal(await pod.readState(), sandboxState.notReady);
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });

    test("a pod is reached by its address, and its container has statistics", async () => {
      await using rig = await startContainerd({ version });
      const pod = await Pod.start(rig, "runc");
      // It leaves for the background when it listens.
      const script = "cd /tmp; echo hello >index.html; busybox httpd -p 8080; echo ready; sleep 60";
      const containerId = await pod.startContainer({ ...runScript("server", script), memoryBytesMax: 64 * MEBIBYTE });
      await pod.waitForOutput("server");
      assert.equal(await rig.fetchText(`http://${await pod.readIp()}:8080/`), "hello\n");
      const { stats } = await rig.cri.call("RuntimeService/ContainerStats", { containerId });
      assert.ok((stats?.cpu?.usageCoreNanoSeconds?.value ?? 0n) > 0n);
      assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
    });

    test("a command is run in a running container", async () => {
      await using rig = await startContainerd({ version });
      const pod = await Pod.start(rig, "runc");
      const containerId = await pod.startContainer(runScript("shell", "sleep 60"));
      assert.deepEqual(await pod.listContainers(), { [containerId]: containerState.running });
      const cmd = ["/bin/busybox", "sh", "-c", "echo $0; exit 4"];
      const { stdout, exitCode } = await rig.cri.call("RuntimeService/ExecSync", { containerId, cmd, timeout: 10n });
      assert.deepEqual({ stdout: Buffer.from(stdout).toString(), exitCode }, { stdout: "sh\n", exitCode: 4 });
    });

    test("a container ends by SIGTERM, or by SIGKILL when it ignores that", async () => {
      await using rig = await startContainerd({ version });
      const pod = await Pod.start(rig, "runc");
      const willing = await pod.startContainer(runScript("willing", "trap 'exit 3' TERM; echo; sleep 60 & wait"));
      const deaf = await pod.startContainer(runScript("deaf", "trap '' TERM; echo; sleep 60"));
      await pod.waitForOutput("willing");
      await pod.waitForOutput("deaf");
      await pod.stop();
      assert.equal((await pod.readStatus(willing)).exitCode, 3);
      assert.equal((await pod.readStatus(deaf)).exitCode, 137);
    });

    test("a pod lives on while containerd is killed and started again", async () => {
      await using rig = await startContainerd({ version });
      const before = await Pod.countAfterOne(rig, "runc");
      const pod = await Pod.start(rig, "runc");
      const ip = await pod.readIp();
      const id = await pod.startContainer(runScript("shell", "while sleep 0.1; do echo tick; done"));
      await pod.waitForOutput("shell");
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        await rig.kill(signal);
        const lines = pod.readLog("shell").length;
        await rig.start();
        assert.equal((await pod.readStatus(id)).state, containerState.running);
        await pod.waitForOutput("shell", lines);
      }
      assert.equal(await pod.readIp(), ip);
      await pod.stop(0);
      await pod.remove();
      assert.deepEqual(rig.countAll(), before);
    });
  });
}
