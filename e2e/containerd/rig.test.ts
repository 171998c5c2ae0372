import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { Pod, runScript } from "./pod.ts";
import { startContainerd } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

for (const version of versionsUnderTest) {
  describe(`a rig with containerd ${version}`, () => {
    test("runs the version that was asked for", async () => {
      await using rig = await startContainerd({ version });
      const [, release = ""] = (await rig.run(["containerd", "--version"])).split(" ").slice(1);
      assert.ok(release.startsWith(`${version}.`), release);
    });

    test("has the same addresses as another one beside it, and not its pods", async () => {
      await using rig = await startContainerd({ version });
      await using other = await startContainerd({ version });
      const [pod, twin] = [await Pod.start(rig, "runc"), await Pod.start(other, "runc")];
      assert.equal(await pod.readIp(), await twin.readIp());
      await pod.startContainer(runScript("shell", "sleep 60"));
      assert.deepEqual(await twin.listContainers(), {});
      assert.equal((await other.ctr("tasks", "list", "--quiet")).trim().split("\n").length, 1);
    });

    test("ends without a trace on the machine, a running pod or not", async () => {
      const mounts = readFileSync("/proc/self/mountinfo", "utf8");
      const interfaces = readInterfaces();
      let directory = "";
      {
        await using rig = await startContainerd({ version });
        directory = rig.directory;
        const pod = await Pod.start(rig, "runc");
        await pod.startContainer(runScript("shell", "sleep 60"));
        assert.deepEqual(readInterfaces(), interfaces);
      }
      assert.equal(readFileSync("/proc/self/mountinfo", "utf8"), mounts);
      assert.equal(existsSync(directory), false);
    });

    test("passes on what containerd refuses, by the code that it gave", async () => {
      await using rig = await startContainerd({ version });
      const absent = { containerId: "absent" };
      await assert.rejects(rig.cri.call("RuntimeService/ContainerStatus", absent), { code: "not-found" });
      await rig.kill("SIGKILL");
      await assert.rejects(rig.cri.call("RuntimeService/ContainerStatus", absent), { code: "unavailable" });
    });
  });
}

/** Names only: the counters beside them never stand still. */
function readInterfaces(): readonly string[] {
  return readFileSync("/proc/self/net/dev", "utf8").match(/^ *\S+:/gm) ?? [];
}
