import assert from "node:assert/strict";
import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writePayload } from "./payload-directory.ts";

function file(path: string, text: string, mode = 0o644): { path: string; content: Uint8Array; mode: number } {
  return { path, content: Buffer.from(text), mode };
}

test("files show through links that one rename changes all at once", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-payload-"));
  await writePayload(folder.path, [file("color", "red"), file("deep/size", "10"), file("gone", "x")]);
  assert.equal(readlinkSync(join(folder.path, "color")), join("..data", "color"));
  const before = readlinkSync(join(folder.path, "..data"));
  await writePayload(folder.path, [file("color", "blue"), file("deep/size", "20")]);
  assert.equal(readFileSync(join(folder.path, "color"), "utf8"), "blue");
  assert.equal(readFileSync(join(folder.path, "deep", "size"), "utf8"), "20");
  const after = readlinkSync(join(folder.path, "..data"));
  assert.notEqual(after, before);
  assert.deepEqual(readdirSync(folder.path).sort(), [after, "..data", "color", "deep"].sort());
});

test("files have the permissions that were asked for", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-payload-"));
  await writePayload(folder.path, [file("key", "secret", 0o400)]);
  assert.equal(statSync(join(folder.path, "key")).mode & 0o777, 0o400);
});

test("a path that leads out of the volume is refused before anything is written", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-payload-"));
  const inside = join(folder.path, "volume");
  for (const path of ["../out", "a/../../out", "/etc/out", "..data", "a//b", "."]) {
    await assert.rejects(writePayload(inside, [file(path, "x")]), { code: "invalid-argument" }, path);
  }
  assert.equal(existsSync(inside), false);
});
