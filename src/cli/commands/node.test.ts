import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { parseInstallReport } from "#api";

import { runCli } from "../frame/run-cli.ts";
import { createTestIo, type TestIo } from "../testing/test-io.ts";
import { nodeCommand } from "./node.ts";

async function run(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ io: TestIo; status: number }> {
  const io = createTestIo({ env });
  return { io, status: await runCli(["node", ...words], [nodeCommand], io) };
}

/** A node of a distribution that is known by this file. */
function makeNode(path: string, text: string) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-node-"));
  mkdirSync(join(folder.path, path, ".."), { recursive: true });
  writeFileSync(join(folder.path, path), text);
  return folder;
}

test("a node that cannot be served is told so, and the last line is the report", async () => {
  using node = makeNode("etc/os-release", "ID=talos\n");
  const { io, status } = await run([], { NODE_ROOT: node.path, KWASM_ACTION: "install" });
  const report = parseInstallReport(io.stdoutText());
  assert.deepEqual([status, report.outcome, report.distribution], [1, "unsupported", "talos"]);
  assert.match(io.stdoutText(), /^unsupported \(talos\)\n {2}Talos Linux: /u);
});

test("doctor says what is wrong", async () => {
  using node = makeNode("run/crio/crio.sock", "");
  const { io, status } = await run(["doctor", "--root", node.path]);
  assert.equal(status, 1);
  assert.match(io.stdoutText(), /^BAD {2}distribution *CRI-O: .*use nodes with containerd\n$/u);
  const json = await run(["doctor", "--root", node.path, "-o", "json"]);
  assert.deepEqual(
    (JSON.parse(json.io.stdoutText()) as { state: string }[]).map(({ state }) => state),
    ["bad"],
  );
});

test("an install without a layout fails, and says how to make one", async () => {
  using node = makeNode("etc/os-release", "ID=debian\n");
  const { io, status } = await run(["install", "--root", node.path, "--layout", join(node.path, "none")]);
  const report = parseInstallReport(io.stdoutText());
  assert.deepEqual([status, report.outcome], [1, "failed"]);
  assert.match(report.message, /tools\/make-layout/u);
});

function refuse(name: string, words: readonly string[], message: RegExp): void {
  test(`refused: ${name}`, async () => {
    const { io, status } = await run(words);
    assert.equal(status, 2);
    assert.match(io.stderrText(), message);
  });
}

refuse("no action", [], /name one of install, uninstall/u);
refuse("an unknown action", ["remove"], /do "remove" with the node/u);
refuse("two actions", ["plan", "install"], /do "plan install"/u);
refuse("an unknown distribution", ["plan", "--distribution", "dos"], /"dos": name one of /u);
refuse("a root that is no whole path", ["plan", "--root", "x"], /--root "x": give a whole path/u);
refuse("a folder that leads up", ["plan", "--directory", "/opt/../etc"], /without "\.\."/u);
refuse("an unknown output", ["plan", "-o", "yaml"], /only -o json/u);
