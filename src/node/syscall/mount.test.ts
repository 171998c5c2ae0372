import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { mountFileSystem, unmountFileSystem } from "./mount.ts";

test("an overlay is mounted with its options and taken away again", () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-mount-"));
  // An overlay's upper folder may not lie in another overlay, which a container's own /tmp is.
  mountFileSystem({ type: "tmpfs", source: "tmpfs", options: ["rw", "nosuid", "size=1m"] }, folder.path);
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(folder.path, name));
  assert.ok(lower !== undefined && upper !== undefined && work !== undefined && merged !== undefined);
  for (const path of [lower, upper, work, merged]) mkdirSync(path);
  writeFileSync(join(lower, "a.wasm"), "");
  const options = [`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${lower}`];
  mountFileSystem({ type: "overlay", source: "overlay", options }, merged);
  assert.deepEqual(readdirSync(merged), ["a.wasm"]);
  unmountFileSystem(merged);
  assert.deepEqual(readdirSync(merged), []);
  unmountFileSystem(folder.path);
  folder.remove();
});

test("a read-only bind mount refuses writes", () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-mount-"));
  mkdirSync(join(folder.path, "from"));
  const target = join(folder.path, "to");
  mkdirSync(target);
  mountFileSystem({ type: "bind", source: join(folder.path, "from"), options: ["rbind", "ro"] }, target);
  assert.throws(() => writeFileSync(join(target, "new"), ""), { code: "EROFS" });
  unmountFileSystem(target);
  folder.remove();
});

test("a mount that fails names what it was", () => {
  assert.throws(() => mountFileSystem({ type: "overlay", source: "none", options: [] }, "/nowhere"), {
    code: "not-found",
    message: /"none" of type "overlay" at "\/nowhere"/u,
  });
});

test("more options than the kernel reads are refused", () => {
  const options = [`lowerdir=${"/x".repeat(3_000)}`];
  assert.throws(
    () => mountFileSystem({ type: "overlay", source: "overlay", options }, "/nowhere"),
    /longer than a page/u,
  );
});
