import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";

import { type ContainerOptions, Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { Volume } from "./volume.ts";
import { files, startWasmRig } from "./wasm-rig.ts";

/** Runs a container to its end, and returns what it wrote. */
async function run(pod: Pod, options: ContainerOptions): Promise<readonly string[]> {
  const id = await pod.startContainer(options);
  assert.equal((await pod.waitForExit(id)).exitCode, 0);
  return linesOf(pod, options.name);
}

function linesOf(pod: Pod, name: string): readonly string[] {
  return pod.readLog(name).map((line) => line.replace("stdout F ", ""));
}

const user = { uid: 1000 };

/** Puts a token into a volume as kubelet's atomic writer does: `token` leads through `..data` to a folder of its time. */
function project(volume: Volume, time: string, token: string): void {
  mkdirSync(volume.file(time));
  writeFileSync(volume.file(`${time}/token`), token);
  symlinkSync(time, volume.file("..data_tmp"));
  renameSync(volume.file("..data_tmp"), volume.file("..data"));
}

for (const version of versionsUnderTest) {
  describe(`volumes of pods on containerd ${version}`, () => {
    test("directories and single files are read and written, and those that are read-only only read", async () => {
      await using rig = await startWasmRig(version);
      const open = new Volume(rig);
      const closed = new Volume(rig);
      closed.write("kept", "old");
      const single = closed.write("single", "one file");
      const pod = await Pod.start(rig, "spin");
      const lines = await run(pod, {
        ...files(
          "write",
          "/open/new",
          "new",
          "make",
          "/open/folder",
          "list",
          "/open",
          "read",
          "/closed/kept",
          "write",
          "/closed/kept",
          "x",
          "make",
          "/closed/folder",
          "list",
          "/closed",
          "read",
          "/etc/app.conf",
          "append",
          "/etc/app.conf",
          "!",
        ),
        mounts: [open.at("/open"), closed.at("/closed", true), { hostPath: single, containerPath: "/etc/app.conf" }],
        user: { uid: 0 },
      });
      assert.deepEqual(lines, [
        "write /open/new: written",
        "make /open/folder: made",
        "list /open: folder new",
        "read /closed/kept: old",
        "write /closed/kept: Read-only file system",
        "make /closed/folder: Read-only file system",
        "list /closed: kept single",
        "read /etc/app.conf: one file",
        "append /etc/app.conf: written",
      ]);
      assert.equal(readFileSync(single, "utf8"), "one file!");
    });

    test("a volume within a volume hides what is there, and a subPath is only that folder", async () => {
      await using rig = await startWasmRig(version);
      const outer = new Volume(rig);
      outer.write("inner/hidden", "outer's");
      outer.write("beside", "outer's");
      outer.write("deep/sub/file", "sub's");
      const inner = new Volume(rig);
      inner.write("shown", "inner's");
      const pod = await Pod.start(rig, "spin");
      const lines = await run(pod, {
        ...files(
          "list",
          "/data",
          "list",
          "/data/inner",
          "read",
          "/data/inner/shown",
          "list",
          "/sub",
          "read",
          "/sub/../beside",
        ),
        // The inner one first: what is nearest counts, not what comes last.
        mounts: [
          inner.at("/data/inner"),
          outer.at("/data", true),
          // kubelet binds a subPath to a place of its own and names that one.
          { hostPath: outer.file("deep/sub"), containerPath: "/sub" },
        ],
        user,
      });
      assert.deepEqual(lines, [
        "list /data: beside deep inner",
        "list /data/inner: shown",
        "read /data/inner/shown: inner's",
        "list /sub: file",
        "read /sub/../beside: No such file or directory",
      ]);
    });

    test("a projected token that kubelet replaces is read anew through the same mount", async () => {
      await using rig = await startWasmRig(version);
      const tokens = new Volume(rig);
      project(tokens, "..2026_01", "first");
      symlinkSync("..data/token", tokens.file("token"));
      const pod = await Pod.start(rig, "spin");
      const path = "/var/run/secrets/kubernetes.io/serviceaccount";
      const options = {
        ...files("await", `${path}/token`, "first", "await", `${path}/token`, "second"),
        mounts: [tokens.at(path, true)],
        user,
      };
      const id = await pod.startContainer(options);
      await pod.waitForOutput("files");
      project(tokens, "..2026_02", "second");
      assert.equal((await pod.waitForExit(id)).exitCode, 0);
      assert.deepEqual(linesOf(pod, "files"), [`await ${path}/token: first`, `await ${path}/token: second`]);
    });

    test("two containers of a pod share an emptyDir, and an init container's files are there for the next", async () => {
      await using rig = await startWasmRig(version);
      const shared = new Volume(rig, { uid: 0, gid: 0, mode: 0o777 });
      const pod = await Pod.start(rig, "spin");
      const mounts = [shared.at("/shared")];
      const init = { ...files("write", "/shared/made-by", "init"), name: "init", mounts, user };
      assert.deepEqual(await run(pod, init), ["write /shared/made-by: written"]);
      const reader = files(
        "read",
        "/shared/made-by",
        "await",
        "/shared/note",
        "hello",
        "write",
        "/shared/answer",
        "got it",
      );
      const readerId = await pod.startContainer({ ...reader, name: "reader", mounts, user });
      const writer = files("write", "/shared/note", "hello", "await", "/shared/answer", "got it");
      const writerId = await pod.startContainer({ ...writer, name: "writer", mounts, user: { uid: 1001 } });
      for (const id of [readerId, writerId]) assert.equal((await pod.waitForExit(id)).exitCode, 0);
      assert.equal(linesOf(pod, "reader")[0], "read /shared/made-by: init");
    });

    test("a termination message arrives where kubelet reads it", async () => {
      await using rig = await startWasmRig(version);
      const folder = new Volume(rig);
      // kubelet makes it writable for everybody, since it does not know the image's user.
      const log = folder.write("termination-log", "", { uid: 0, gid: 0, mode: 0o666 });
      const pod = await Pod.start(rig, "spin");
      const id = await pod.startContainer({
        ...files("write", "/dev/termination-log", "out of ideas", "exit", "3"),
        mounts: [{ hostPath: log, containerPath: "/dev/termination-log" }],
        user,
      });
      assert.equal((await pod.waitForExit(id)).exitCode, 3);
      assert.equal(readFileSync(log, "utf8"), "out of ideas");
    });

    test("an image's own files are a container's to change, unless its root is read-only", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const actions = ["write", "/note", "x", "list", "/"];
      const open = await run(pod, { ...files(...actions), name: "open", user: { uid: 0 } });
      assert.equal(open[0], "write /note: written");
      assert.match(open[1] ?? "", /\bnote\b/u);
      const closed = { ...files(...actions), name: "closed", user: { uid: 0 }, isRootReadOnly: true };
      const lines = await run(pod, closed);
      assert.equal(lines[0], "write /note: Read-only file system");
      assert.doesNotMatch(lines[1] ?? "", /\bnote\b/u);
    });

    test("a container gets its environment, its arguments and its working directory's name", async () => {
      await using rig = await startWasmRig(version);
      const pod = await Pod.start(rig, "spin");
      const options = { ...files("env", "GREETING", "env", "PWD"), env: { GREETING: "a=b c" } };
      assert.deepEqual(await run(pod, { ...options, workingDirectory: "/srv" }), [
        "env GREETING: a=b c",
        "env PWD: /srv",
      ]);
    });
  });
}
