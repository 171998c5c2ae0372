import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { formatDiff } from "../plan/format-diff.ts";
import { FakeNode } from "../testing/fake-node.ts";

const configuration = "etc/containerd/config.toml";

function restartsOf(node: FakeNode): readonly string[] {
  return node.host.commands.filter((line) => line.startsWith("systemctl restart"));
}

function readText(node: FakeNode, path: string): string {
  return readFileSync(join(node.root, path), "utf8");
}

/** A process of the node, by what `ps` would show of it. */
function addProcess(node: FakeNode, pid: string, words: readonly string[]): void {
  mkdirSync(join(node.root, "proc", pid), { recursive: true });
  writeFileSync(join(node.root, "proc", pid, "cmdline"), words.map((word) => `${word}\0`).join(""));
  const fields = ["S", ...Array.from({ length: 18 }, () => "0"), "77"];
  writeFileSync(join(node.root, "proc", pid, "stat"), `${pid} (a b) ${fields.join(" ")} 0\n`);
}

test("an upgrade restarts nothing, tells the runtime, and keeps what pods run from", async () => {
  using node = new FakeNode("containerd-1.6");
  await node.perform("install");
  addProcess(node, "50", ["/opt/kwasm/lib/kwasm/0.1.0-one/lib/ld-linux.so", "/opt/kwasm/lib/kwasm/0.1.0-one/cell.js"]);
  addProcess(node, "40", ["node", "/opt/kwasm/lib/kwasm/0.1.0-one/keeper.js"]);
  mkdirSync(join(node.root, "run/containerd/containerd.sock.kwasm"));
  writeFileSync(join(node.root, "run/containerd/containerd.sock.kwasm/pid"), "40 77\n");
  const before = readText(node, configuration);
  node.offer("0.2.0-two");
  const report = await node.perform("install");
  assert.deepEqual([report.outcome, report.runtimeVersion], ["installed", "0.2.0-two"]);
  assert.deepEqual(restartsOf(node), []);
  assert.ok(node.host.commands.includes("kill -HUP 40"));
  assert.equal(readText(node, configuration), before);
  const versions = join(node.root, "opt/kwasm/lib/kwasm");
  assert.deepEqual(readdirSync(versions).toSorted(), ["0.1.0-one", "0.2.0-two", "current"]);
  const removed = await node.perform("uninstall");
  assert.match(removed.message, /pods still run/u);
  assert.deepEqual(readdirSync(versions).toSorted(), ["0.1.0-one", "current"]);
  rmSync(join(node.root, "proc/50"), { recursive: true });
  rmSync(join(node.root, "proc/40"), { recursive: true });
  assert.equal((await node.perform("uninstall")).outcome, "removed");
  assert.ok(!existsSync(join(node.root, "opt/kwasm")));
});

test("an upgrade that does not work leaves the version before, and its uninstall", async () => {
  using node = new FakeNode("containerd-2-v3");
  const bare = readText(node, configuration);
  await node.perform("install");
  const before = node.read();
  node.offer("0.2.0-two");
  node.containerd.refusal = "containerd: no";
  assert.equal((await node.perform("install")).outcome, "rolled-back");
  for (const [path, content] of before) {
    if (!path.endsWith("install-report.json")) assert.equal(node.read().get(path), content, path);
  }
  node.containerd.refusal = undefined;
  assert.equal((await node.perform("uninstall")).outcome, "removed");
  assert.equal(readText(node, configuration), bare);
});

test("an installer waits for another one that is at work, and for none that is gone", async () => {
  using node = new FakeNode("containerd-1.6");
  const lock = join(node.root, "run/kwasm-installer.lock");
  addProcess(node, "60", ["installer"]);
  writeFileSync(lock, "60 77");
  const waited = await node.perform("install");
  assert.equal(waited.outcome, "failed");
  assert.match(waited.message, /process "60 77" does not end/u);
  assert.equal(readFileSync(lock, "utf8"), "60 77");
  // Its number belongs to another process by now.
  writeFileSync(lock, "60 76");
  assert.equal((await node.perform("install")).outcome, "installed");
  assert.ok(!existsSync(lock));
});

test("what somebody has taken out of the configuration is put in again", async () => {
  using node = new FakeNode("eks-al2023");
  const bare = readText(node, configuration);
  await node.perform("install");
  // As nodeadm does when the machine boots.
  writeFileSync(join(node.root, configuration), bare);
  node.containerd.start(node.host);
  const answer = await node.look("doctor");
  assert.ok(answer.kind === "findings");
  const bad = answer.findings.filter(({ state }) => state === "bad").map(({ name }) => name);
  assert.deepEqual(bad, ["handlers", "files"]);
  assert.equal((await node.perform("install")).outcome, "installed");
  assert.equal(restartsOf(node).length, 1);
  await node.perform("uninstall");
  assert.equal(readText(node, configuration), bare);
});

test("a handler that a user has registered himself stays his", async () => {
  using node = new FakeNode("containerd-1.6");
  const table = `[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.spin]\n  runtime_type = "io.containerd.spin.v2"\n`;
  writeFileSync(join(node.root, configuration), `${readText(node, configuration)}${table}`);
  node.containerd.start(node.host);
  const report = await node.perform("install");
  assert.match(report.message, /handler "spin" is somebody else's/u);
  assert.equal(node.containerd.answer().handlers.get("spin")?.runtimeType, "io.containerd.spin.v2");
});

test("the word of a handler in a comment is no handler", async () => {
  using node = new FakeNode("containerd-1.6");
  writeFileSync(join(node.root, configuration), `# wasmtime and spin\n${readText(node, configuration)}`);
  assert.equal((await node.perform("install")).outcome, "installed");
  assert.ok(node.containerd.answer().handlers.has("wasmtime"));
});

test("a node of KWasm's installer is taken over, and has none of its tables after uninstall", async () => {
  using node = new FakeNode("containerd-1.7-kwasm");
  using plain = new FakeNode("containerd-1.6");
  symlinkSync("/opt/kwasm/bin/containerd-shim-spin-v2", join(node.root, "usr/local/bin/containerd-shim-spin-v2"));
  const plan = await node.look("plan");
  assert.ok(plan.kind === "plan");
  assert.ok(plan.notes.some((note) => note.startsWith("taken over")));
  assert.match(formatDiff(plan.edits), /^-\[plugins\."io.containerd.grpc.v1.cri".containerd.runtimes.lunatic\]$/mu);
  await node.perform("install");
  assert.match(readText(node, "opt/kwasm/bin/containerd-shim-spin-v2"), /0\.1\.0-one/u);
  assert.equal((await node.perform("uninstall")).outcome, "removed");
  assert.equal(readText(node, configuration), readText(plain, configuration));
  assert.ok(!existsSync(join(node.root, "opt/kwasm")));
  assert.deepEqual(readdirSync(join(node.root, "usr/local/bin")), []);
});

test("a failed take-over leaves the old installer's tables and programs", async () => {
  using node = new FakeNode("k3s-1.7-kwasm");
  const before = node.read();
  node.containerd.startsToFail = 1;
  assert.equal((await node.perform("install")).outcome, "rolled-back");
  assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(before));
});

test("a frozen template of K3s thaws, and K3s' own is what uninstall leaves", async () => {
  using node = new FakeNode("k3s-1.7-kwasm");
  const template = "var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl";
  await node.perform("install");
  assert.match(readText(node, template), /^\{\{ template "base" \. \}\}\n# kwasm:begin/u);
  assert.deepEqual(readdirSync(join(node.root, "opt/kwasm/bin")), []);
  await node.perform("uninstall");
  assert.ok(!existsSync(join(node.root, template)) && !existsSync(join(node.root, "opt/kwasm/k3s")));
});

test("a shim that K3s registers itself is not registered again", async () => {
  using node = new FakeNode("k3s-1.7");
  writeFileSync(join(node.root, "usr/bin/containerd-shim-spin-v2"), "");
  const report = await node.perform("install");
  assert.equal(report.outcome, "installed", report.message);
  assert.equal(node.containerd.answer().handlers.get("spin")?.runtimeType, "/usr/bin/containerd-shim-spin-v2");
});

test("runtime-class-manager's other runtimes stay", async () => {
  using node = new FakeNode("containerd-2-rcm");
  await node.perform("install");
  await node.perform("uninstall");
  const handlers = node.containerd.answer().handlers;
  assert.deepEqual([handlers.has("custom"), handlers.has("spin-v2")], [true, false]);
});

test("a configuration that nobody can read is left alone", async () => {
  using node = new FakeNode("containerd-1.6");
  writeFileSync(join(node.root, configuration), "version = 2\n[a\n");
  const before = node.read();
  const report = await node.perform("install");
  assert.deepEqual([report.outcome, report.reason], ["failed", "ConfigurationRefused"]);
  assert.match(report.message, /config.toml": .*repair the file first/u);
  assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(before));
});

test("a containerd without CRI, as Docker's package has it, is left alone", async () => {
  using node = new FakeNode("containerd-1.6");
  writeFileSync(join(node.root, configuration), 'disabled_plugins = ["cri"]\n');
  const report = await node.perform("install");
  assert.equal(report.outcome, "failed");
  assert.match(report.message, /switch CRI off/u);
});

test("runtimes that are written as values of a key are left alone", async () => {
  using node = new FakeNode("containerd-1.6");
  const inline =
    'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\ncontainerd = { runtimes = { x = { runtime_type = "y" } } }\n';
  writeFileSync(join(node.root, configuration), inline);
  const report = await node.perform("install");
  assert.equal(report.outcome, "failed");
  assert.match(report.message, /write them as tables with headers/u);
  assert.equal(readText(node, configuration), inline);
});

test("a configuration that is a link is changed where it leads, below the node's root", async () => {
  using node = new FakeNode("containerd-1.6");
  const text = readText(node, configuration);
  mkdirSync(join(node.root, "data"));
  writeFileSync(join(node.root, "data/config.toml"), text, { mode: 0o640 });
  rmSync(join(node.root, configuration));
  symlinkSync("/data/config.toml", join(node.root, configuration));
  const before = node.read();
  await node.perform("install");
  assert.match(readText(node, "data/config.toml"), /# kwasm:begin/u);
  assert.equal(node.read().get(configuration), "777 /data/config.toml");
  await node.perform("uninstall");
  assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(before));
});

test("what K3s has rendered of our template is not taken for somebody else's", async () => {
  using node = new FakeNode("k3s-1.7");
  const folder = "var/lib/rancher/k3s/agent/etc/containerd";
  const bare = readText(node, `${folder}/config.toml`);
  await node.perform("install");
  const rendered = readText(node, `${folder}/config.toml.tmpl`).replace('{{ template "base" . }}', bare);
  writeFileSync(join(node.root, folder, "config.toml"), rendered);
  const report = await node.perform("install");
  assert.equal(report.outcome, "unchanged", report.message);
  assert.ok(!report.message.includes("somebody else"));
});

test("shims that an earlier K3s registered of KWasm's folder are taken over with it", async () => {
  using node = new FakeNode("k3s-1.7");
  const folder = join(node.root, "var/lib/rancher/k3s/agent/etc/containerd");
  const header = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes."spin"';
  const found = `${header}]\n  runtime_type = "io.containerd.spin.v2"\n${header}.options]\n  BinaryName = "/opt/kwasm/bin/containerd-shim-spin-v2"\n`;
  writeFileSync(join(folder, "config.toml"), found, { flag: "a" });
  mkdirSync(join(node.root, "opt/kwasm/bin"), { recursive: true });
  writeFileSync(join(node.root, "opt/kwasm/bin/containerd-shim-spin-v2"), "ELF of old\n");
  const report = await node.perform("install");
  assert.equal(report.outcome, "installed", report.message);
  assert.match(node.containerd.answer().handlers.get("spin")?.runtimeType ?? "", /^\/opt\/kwasm\/k3s\/bin\//u);
});
