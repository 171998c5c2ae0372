import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openStore } from "../store/store.ts";
import { emptyModule } from "../testing/make-image.ts";
import { buildImage } from "./build.ts";

function startBuild(store: string, source: string): ChildProcessWithoutNullStreams {
  const script = join(import.meta.dirname, "testing", "build-main.ts");
  const words = ["--disable-warning=ExperimentalWarning", script, store, source, "hello"];
  return spawn(process.execPath, words);
}

/** Lets it go on until it has written so many blobs; resolves with false where it ends before. */
async function stepTo(child: ChildProcessWithoutNullStreams, count: number): Promise<boolean> {
  for await (const line of createInterface(child.stdout)) {
    if (line === `blob ${count}`) return true;
    child.stdin.write("\n");
  }
  return false;
}

test("a build that is killed at any blob leaves a store in order, and the next one succeeds", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-build-"));
  const source = join(directory.path, "hello.wasm");
  writeFileSync(source, emptyModule);
  const whole = openStore(join(directory.path, "whole"));
  const { descriptor } = await buildImage({ source, name: "hello", store: whole });
  const path = join(directory.path, "store");
  const store = openStore(path);
  let kills = 0;
  for (; ; kills += 1) {
    const child = startBuild(path, source);
    const isThere = await stepTo(child, kills + 1);
    if (!isThere) break;
    child.kill("SIGKILL");
    await once(child, "close");
    assert.deepEqual([store.list(), store.blobs()], [[], []]);
  }
  assert.equal(kills, whole.blobs().length);
  assert.deepEqual(store.blobs().toSorted(), whole.blobs().toSorted());
  assert.equal(store.get("hello").descriptor.digest, descriptor.digest);
  store.prune();
  assert.deepEqual(readdirSync(join(path, "ingest")), []);
});
