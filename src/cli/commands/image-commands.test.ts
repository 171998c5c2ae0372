import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { runCli } from "../frame/run-cli.ts";
import { createTestIo } from "../testing/test-io.ts";
import { commands } from "./index.ts";

/** The smallest module: magic and version. */
const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

interface Expected {
  readonly code?: number;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
}

async function check(cwd: string, line: string, { code = 0, stdout = /^$/, stderr = /^$/ }: Expected): Promise<void> {
  const io = createTestIo({ cwd, env: { KWASM_STATE: "state" } });
  assert.equal(await runCli(line.split(" "), commands, io), code, io.stderrText());
  assert.match(io.stderrText(), stderr);
  assert.match(io.stdoutText(), stdout);
}

test("an image is built of a module, listed and removed", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  writeFileSync(join(folder.path, "guest.wasm"), emptyModule);
  writeFileSync(join(folder.path, "page.html"), "hello");
  await check(folder.path, "images", { stdout: /^REPOSITORY {3}TAG {3}IMAGE ID {3}CREATED {3}SIZE\n$/ });
  await check(folder.path, "build guest.wasm -t guest:v2 --copy page.html=/site/index.html", {
    stdout: /^localhost\/guest:v2\n$/,
  });
  await check(folder.path, "images", {
    stdout: /\nlocalhost\/guest {3}v2 {4}[0-9a-f]{12} {3}\d seconds? ago {3}[\d.]+kB\n$/,
  });
  await check(folder.path, "images -q", { stdout: /^[0-9a-f]{12}\n$/ });
  await check(folder.path, "rmi guest:v2", { stdout: /^Untagged: localhost\/guest:v2\nDeleted: sha256:/ });
  await check(folder.path, "images -q", { stdout: /^$/ });
});

test("an image has further names, and goes to another store as an archive", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  writeFileSync(join(folder.path, "guest.wasm"), emptyModule);
  await check(folder.path, "build guest.wasm -t guest:v2", { stdout: /^localhost\/guest:v2\n$/ });
  await check(folder.path, "tag guest:v2 ghcr.io/team/guest other", {});
  await check(folder.path, "save -o a.tar guest:v2 ghcr.io/team/guest", {});
  await check(folder.path, "load -i a.tar --state second", {
    stdout: /^Loaded image: localhost\/guest:v2\nLoaded image: ghcr\.io\/team\/guest:latest\n$/,
  });
  await check(folder.path, "images --state second -q", { stdout: /^([0-9a-f]{12})\n\1\n$/ });
  await check(folder.path, "load -i absent.tar", { code: 1, stderr: /absent\.tar/ });
  await check(folder.path, "save absent", { code: 1, stderr: /"absent"/ });
});

test("pruning frees what nothing refers to, and nothing else", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  const state = join(folder.path, "state");
  writeFileSync(join(folder.path, "guest.wasm"), emptyModule);
  await check(folder.path, "build guest.wasm -t kept", { stdout: /^localhost\/kept:latest\n$/ });
  await check(folder.path, "image prune", { stdout: /^Total reclaimed space: 0B\n$/ });
  const orphan = "1".repeat(64);
  writeFileSync(join(state, "images/blobs/sha256", orphan), Buffer.alloc(5000));
  mkdirSync(join(state, "images/downloads"), { recursive: true });
  writeFileSync(join(state, "images/downloads", `${"2".repeat(64)}.left`), Buffer.alloc(3000));
  // Files are under the digest of a manifest: one of the store, and one that is gone.
  const kept = readdirSync(join(state, "images/blobs/sha256")).find((name) => name !== orphan) ?? "";
  for (const name of [kept, "3".repeat(64)]) {
    mkdirSync(join(state, "unpacked", name), { recursive: true });
    writeFileSync(join(state, "unpacked", name, "app.wasm"), Buffer.alloc(1000));
  }
  await check(folder.path, "image prune -f", {
    stdout: new RegExp(`^Deleted: sha256:${orphan}\nTotal reclaimed space: 9kB\n$`),
  });
  assert.deepEqual(readdirSync(join(state, "unpacked")), [kept]);
  assert.deepEqual(readdirSync(join(state, "images/downloads")), []);
  await check(folder.path, "inspect kept", { stdout: /Kind: +module/ });
  await check(folder.path, "rmi kept", { stdout: /^Untagged: localhost\/kept:latest\n(?:Deleted: sha256:.*\n){8}$/ });
  await check(folder.path, "image", { code: 2, stderr: /kwasm image prune/ });
});

test("what is missing is said before anything is built", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  await check(folder.path, "build", { code: 2, stderr: /^error: -t NAME is missing/ });
  await check(folder.path, "rmi", { code: 2, stderr: /^error: IMAGE is missing\n/ });
  await check(folder.path, "rmi absent", { code: 1, stderr: /^error: .*"absent"/ });
  await check(folder.path, "pull", { code: 2, stderr: /^error: IMAGE is missing\n/ });
  await check(folder.path, "push", { code: 2, stderr: /^error: IMAGE is missing\n/ });
  await check(folder.path, "tag a", { code: 2, stderr: /^error: the new name of "a" is missing\n/ });
  await check(folder.path, "pull localhost/a", { code: 2, stderr: /localhost without a port/ });
  await check(folder.path, "pull --platform wasm a", { code: 2, stderr: /write OS\/ARCH/ });
  await check(folder.path, "pull --policy never a", { code: 2, stderr: /always or missing/ });
  await check(folder.path, "pull --creds secret a", { code: 2, stderr: /^error: read --creds: write USER:PASSWORD\n/ });
  await check(folder.path, "login a.example/b -u c -p d", { code: 2, stderr: /write HOST/ });
  await check(folder.path, "login -u c", { code: 2, stderr: /--password-stdin/ });
  await check(folder.path, "images extra", { code: 2, stderr: /^error: unexpected operand "extra"\n/ });
  await check(folder.path, "build -t a x --copy=page.html", { code: 2, stderr: /write HOST=PATH/ });
  await check(folder.path, "build -t a --format tar", { code: 2, stderr: /write scratch, wasm-artifact or spin/ });
  await check(folder.path, "build -t a absent.wasm", { code: 1, stderr: /absent\.wasm/ });
});
