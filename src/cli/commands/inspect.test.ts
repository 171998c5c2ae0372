import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { runCli } from "../frame/run-cli.ts";
import { createTestIo } from "../testing/test-io.ts";
import { commands } from "./index.ts";

/** A module that exports a memory by a name which rings a bell and turns text around. */
const namedModule = Buffer.from("0061736d010000000503010001070901056107e280ae0200", "hex");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(cwd: string, line: string): Promise<Ended> {
  const io = createTestIo({ cwd, env: { KWASM_STATE: "state" } });
  const code = await runCli(line.split(" "), commands, io);
  return { code, stdout: io.stdoutText(), stderr: io.stderrText() };
}

test("a module is shown as text and as JSON, whatever its names are", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  writeFileSync(join(folder.path, "named.wasm"), namedModule);
  const text = await run(folder.path, "inspect named.wasm");
  assert.equal(text.code, 0, text.stderr);
  assert.match(
    text.stdout,
    /^Name: {7}named\.wasm\nDigest: {5}sha256:[0-9a-f]{64}\nKind: {7}module, library\nStarted by: kwasm run --invoke\nSize: {7}24 bytes\nExports:\n {2}memory a\\u\{7\}\\u\{202e\} 1\n$/,
  );
  const json = await run(folder.path, "inspect --format json named.wasm");
  assert.equal(json.code, 0, json.stderr);
  const parsed = JSON.parse(json.stdout) as { readonly Kind: string; readonly Exports: readonly object[] };
  assert.equal(parsed.Kind, "module");
  assert.deepEqual(parsed.Exports, [{ Kind: "memory", Name: "a\\u{7}\\u{202e}", Type: "1" }]);
});

test("an archive of an image is looked into as the image is", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  writeFileSync(join(folder.path, "named.wasm"), namedModule);
  for (const line of ["build named.wasm -t named", "save -o named.tar named", "rmi named"]) {
    assert.equal((await run(folder.path, line)).code, 0);
  }
  const { stdout, stderr } = await run(folder.path, "inspect named.tar");
  assert.match(stdout, /^Name: {7}named\.tar\nDigest: {5}sha256:[0-9a-f]{64}\nKind: {7}module, library\n/, stderr);
});

test("what is no program is said", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-cli-"));
  writeFileSync(join(folder.path, "text.wasm"), "no module");
  assert.match((await run(folder.path, "inspect text.wasm")).stderr, /^error: .*not WebAssembly, it looks like text\n/);
  assert.match(
    (await run(folder.path, "inspect absent.wasm")).stderr,
    /^error: .*"absent\.wasm": there is no such file/,
  );
  assert.match((await run(folder.path, "inspect")).stderr, /^error: REF is missing/);
  assert.match(
    (await run(folder.path, "inspect -f xml text.wasm")).stderr,
    /^error: read --format "xml": write text or json/,
  );
});
