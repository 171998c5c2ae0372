import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, mkdirSync, mkdtempDisposableSync, openSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { DescriptorBudget, openMountTree } from "#engine";

import type { Look } from "./command.ts";
import { runCommand } from "./commands.ts";
import { NAMES_MAX } from "./list-files.ts";

const MEBIBYTE = 1024 * 1024;
const startedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Outcome {
  readonly code?: number;
  readonly out?: string | RegExp;
  readonly err?: string | RegExp;
}

interface Scene extends Disposable {
  readonly path: string;
  check(command: string, expected: Outcome, workingDirectory?: string): Promise<void>;
}

function openDirectory(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** A guest with a root and a volume at `/data`, in folders of their own. */
function makeScene(): Scene {
  const scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-look-"));
  const [rootPath, dataPath] = [join(scratch.path, "root"), join(scratch.path, "data")];
  mkdirSync(rootPath);
  mkdirSync(dataPath);
  writeFileSync(join(scratch.path, "secret"), "of the host");
  const mounts = [
    { guestPath: "/", fd: openDirectory(rootPath), readOnly: false },
    { guestPath: "/data", fd: openDirectory(dataPath), readOnly: true },
  ];
  const tree = openMountTree(mounts, new DescriptorBudget(100));
  const root = tree.openRoot();
  return {
    path: scratch.path,
    async check(command, expected, workingDirectory = "/") {
      const { look, seen } = record({
        words: command.split(" ").filter((word) => word !== ""),
        root,
        workingDirectory,
      });
      const code = await runCommand(look);
      const { code: wanted = 0, out = "", err = "" } = expected;
      checkText(seen.out, out);
      checkText(seen.err, err);
      assert.equal(code, wanted);
    },
    [Symbol.dispose]() {
      tree.close();
      scratch.remove();
    },
  };
}

function record(parts: Pick<Look, "words" | "root" | "workingDirectory">): {
  look: Look;
  seen: { out: string; err: string };
} {
  const seen = { out: "", err: "" };
  const guest = {
    args: ["/app.wasm", "a\u001b[31mb"],
    env: [["A", "b=c"] as const, ["EMPTY", ""] as const],
    startedAtMs,
    usage: { memoryBytes: 1.5 * MEBIBYTE, cpuNanoseconds: 61_250_000_000 },
    memoryBytesMax: 32 * MEBIBYTE,
  };
  const look: Look = {
    ...parts,
    guest,
    nowMs: startedAtMs + (26 * 3600 + 61) * 1000,
    print: async (text) => void (seen.out += Buffer.from(text as string).toString()),
    complain: async (text) => void (seen.err += `${text}\n`),
  };
  return { look, seen };
}

function checkText(seen: string, expected: string | RegExp): void {
  if (typeof expected === "string") assert.equal(seen, expected);
  else assert.match(seen, expected);
}

test("the guest is the only process, and what it uses is shown", async () => {
  using scene = makeScene();
  await scene.check("ps", {
    out: [
      "PID  STATE    STARTED               ELAPSED     COMMAND",
      "1    running  2026-01-02T03:04:05Z  1-02:01:01  /app.wasm a?[31mb",
      "",
    ].join("\n"),
  });
  await scene.check("top", {
    out: [
      "PID  STATE    TIME     MEMORY  LIMIT    COMMAND",
      "1    running  1:01.25  1.5MiB  32.0MiB  /app.wasm a?[31mb",
      "",
    ].join("\n"),
  });
  await scene.check("env", { out: "A=b=c\nEMPTY=\n" });
});

test("directories are listed with what is mounted in them, from the working directory on", async () => {
  using scene = makeScene();
  for (const name of ["b", "a", ".hidden", "bad\u001bname"]) writeFileSync(join(scene.path, "root", name), "");
  writeFileSync(join(scene.path, "data/inside"), "12345");
  await scene.check("ls", { out: "a\nb\nbad?name\ndata\n" });
  await scene.check("ls -a /", { out: ".\n..\n.hidden\na\nb\nbad?name\ndata\n" });
  await scene.check("ls", { out: "inside\n" }, "/data");
  await scene.check("ls inside", { out: "inside\n" }, "/data");
  await scene.check("ls /a /data", { out: "/a:\n/a\n\n/data:\ninside\n" });
});

test("a long listing tells types, sizes, times and where links lead", async () => {
  using scene = makeScene();
  const root = join(scene.path, "root");
  writeFileSync(join(root, "file"), "12345");
  symlinkSync("file", join(root, "link"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  utimesSync(join(root, "file"), 1, 1);
  await scene.check("ls -l file", { out: "-            5 1970-01-01T00:00:01Z file\n" });
  await scene.check("ls -l link", { out: /^l .* link -> file\n$/u });
  await scene.check("ls -l", { out: /^d .* data\n- .* file\nl .* link -> file\np .* pipe\n$/u });
});

test("files are printed as they are, also when they are larger than a piece", async () => {
  using scene = makeScene();
  const large = "0123456789".repeat(20_000);
  writeFileSync(join(scene.path, "data/large"), large);
  writeFileSync(join(scene.path, "root/small"), "small\n");
  await scene.check("cat /small data/large", { out: `small\n${large}` });
});

test("what is not there, or of another kind, is told, and the rest is shown", async () => {
  using scene = makeScene();
  writeFileSync(join(scene.path, "root/file"), "text");
  execFileSync("mkfifo", [join(scene.path, "root/pipe")]);
  await scene.check("cat none file /data pipe", {
    code: 1,
    out: "text",
    err: [
      "cat: none: no such file or directory",
      "cat: /data: is directory",
      "cat: pipe: it is neither a file nor a directory",
      "",
    ].join("\n"),
  });
  await scene.check("ls /none", { code: 1, err: "ls: /none: no such file or directory\n" });
  await scene.check("ls file/", { code: 1, err: /^ls: file\/: not directory\n$/u });
});

test("no path leads out of the guest's files", async () => {
  using scene = makeScene();
  symlinkSync("../../secret", join(scene.path, "root/link"));
  symlinkSync(join(scene.path, "secret"), join(scene.path, "root/absolute"));
  for (const path of ["../secret", "/../secret", "link"]) {
    await scene.check(`cat ${path}`, { code: 1, err: /it leads out of the container's files/u });
  }
  await scene.check("cat absolute", { code: 1, err: /no such file/u });
});

test("a directory is listed up to the limit of names and no further", async () => {
  using scene = makeScene();
  const directory = join(scene.path, "data");
  execFileSync("sh", ["-c", `cd ${directory} && seq 1 ${String(NAMES_MAX)} | xargs touch`]);
  await scene.check("ls /data", { out: /^1\n/u });
  writeFileSync(join(directory, "one-more"), "");
  await scene.check("ls /data", { code: 1, err: "ls: /data: overflow\n" });
});

test("how to ask is told to who does not know", async () => {
  using scene = makeScene();
  await scene.check("", { code: 2, err: /kwasm ls \[-l\] \[-a\] \[PATH…\]/u });
  for (const word of ["help", "--help", "-h"]) await scene.check(word, { out: /\/kwasm cat PATH…/u });
  await scene.check("sh", { code: 127, err: /^"sh" is no command of this runtime\n(?:.|\n)*kwasm ps/u });
  await scene.check("constructor", { code: 127, err: /no command/u });
  await scene.check("ls -x", { code: 2, err: "ls: write it as: ls [-l] [-a] [PATH…]\n" });
  await scene.check("cat", { code: 2, err: "cat: write it as: cat PATH…\n" });
});

test("a guest without files has none to show", async () => {
  for (const words of [["ls"], ["cat", "/a"]]) {
    const { look, seen } = record({ words, root: undefined, workingDirectory: "/" });
    assert.equal(await runCommand(look), 1);
    assert.match(seen.err, /no such file or directory/u);
  }
});
