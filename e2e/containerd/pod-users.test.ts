import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, test } from "node:test";

import { listCells } from "./cells.ts";
import { type ContainerOptions, Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { Volume } from "./volume.ts";
import { files, readRuntimePid, startWasmRig } from "./wasm-rig.ts";

/** Runs a container to its end, and returns what it wrote. */
async function run(pod: Pod, options: ContainerOptions): Promise<readonly string[]> {
  const id = await pod.startContainer(options);
  assert.equal((await pod.waitForExit(id)).exitCode, 0);
  return pod.readLog(options.name).map((line) => line.replace("stdout F ", ""));
}

const fsGroup = 2000;
const user = { uid: 1000, gid: 3000, groups: [fsGroup] };

for (const version of versionsUnderTest) {
  describe(`users of pods on containerd ${version}`, () => {
    test("a volume of the pod's fsGroup is used, and what is written there belongs to the user and the group", async () => {
      await using rig = await startWasmRig(version);
      const volume = new Volume(rig, { uid: user.uid, gid: fsGroup, mode: 0o2770 });
      const groups = new Volume(rig, { uid: 0, gid: fsGroup, mode: 0o2770 });
      const pod = await Pod.start(rig, "spin");
      const lines = await run(pod, {
        ...files("write", "/own/a", "one", "read", "/own/a", "list", "/own", "write", "/group/b", "two"),
        mounts: [volume.at("/own"), groups.at("/group")],
        user,
      });
      assert.deepEqual(lines, ["write /own/a: written", "read /own/a: one", "list /own: a", "write /group/b: written"]);
      for (const path of [volume.file("a"), groups.file("b")]) {
        const { uid, gid } = statSync(path);
        assert.deepEqual({ uid, gid }, { uid: user.uid, gid: fsGroup });
      }
    });

    test("a user reads and writes nothing that is root's alone, and nothing of another user", async () => {
      await using rig = await startWasmRig(version);
      const volume = new Volume(rig);
      volume.write("secret", "root's", { uid: 0, gid: 0, mode: 0o600 });
      volume.write("foreign", "another's", { uid: 1001, gid: 1001, mode: 0o660 });
      volume.write("public", "everybody's");
      const pod = await Pod.start(rig, "spin");
      const actions = ["read", "/v/secret", "read", "/v/foreign", "write", "/v/new", "x", "read", "/v/public"];
      const lines = await run(pod, { ...files(...actions), mounts: [volume.at("/v")], user });
      assert.deepEqual(lines, [
        "read /v/secret: Permission denied",
        "read /v/foreign: Permission denied",
        "write /v/new: Permission denied",
        "read /v/public: everybody's",
      ]);
      const ofRoot = { ...files(...actions), name: "root", mounts: [volume.at("/v")], user: { uid: 0 } };
      assert.deepEqual(await run(pod, ofRoot), [
        "read /v/secret: root's",
        "read /v/foreign: Permission denied",
        "write /v/new: written",
        "read /v/public: everybody's",
      ]);
    });

    test("guests of one pod with different users have their own cells, and what each writes is its user's", async () => {
      await using rig = await startWasmRig(version);
      const volume = new Volume(rig, { uid: 0, gid: 0, mode: 0o1777 });
      const pod = await Pod.start(rig, "spin");
      const before = rig.countAll().processes;
      for (const [index, uid] of [1000, 1001, 1000].entries()) {
        const name = `container-${index}`;
        const options = { ...files("write", `/v/${name}`, "x", "sleep", "60"), name, mounts: [volume.at("/v")] };
        await pod.startContainer({ ...options, user: { uid } });
        await pod.waitForOutput(name);
        assert.equal(statSync(volume.file(name)).uid, uid);
      }
      assert.equal(listCells(rig).used.length, 2);
      await pod.stop();
      await pod.remove();
      assert.equal(rig.countAll().processes, before);
    });

    test("when control is killed, its successor keeps each user's guests in that user's cell", async () => {
      await using rig = await startWasmRig(version);
      const volume = new Volume(rig, { uid: 0, gid: 0, mode: 0o1777 });
      const pod = await Pod.start(rig, "spin");
      async function serveAs(uid: number, name: string): Promise<void> {
        const options = { ...files("write", `/v/${name}`, "x", "sleep", "60"), name, mounts: [volume.at("/v")] };
        await pod.startContainer({ ...options, user: { uid } });
        await pod.waitForOutput(name);
        assert.equal(statSync(volume.file(name)).uid, uid);
      }
      await serveAs(1000, "a");
      await rig.run(["kill", "-KILL", readRuntimePid(rig, "control")]);
      await serveAs(1000, "b");
      await serveAs(1001, "c");
      assert.equal(listCells(rig).used.length, 2);
    });
  });
}
