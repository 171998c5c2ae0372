import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { contentsOf } from "../layout/contents.ts";
import { openStore } from "../store/store.ts";
import { emptyModule, makeLayer, putTestImage } from "../testing/make-image.ts";
import { UploadRegistry } from "./testing/upload-registry.ts";

const LAYER_BYTES = 4_000_000;

function startPush(store: string, name: string, destination: string): ChildProcess {
  const script = join(import.meta.dirname, "testing", "push-main.ts");
  const words = ["--disable-warning=ExperimentalWarning", script, store, name, destination];
  return spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
}

test("a push that was killed leaves no image in the registry, and the next one sends what is missing", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-push-"));
  await using registry = await UploadRegistry.start();
  const store = openStore(directory.path);
  const layers = [
    await makeLayer([{ name: "app.wasm", content: emptyModule }]),
    await makeLayer([{ name: "data", content: Buffer.alloc(LAYER_BYTES, "x") }]),
  ];
  const { name, descriptor } = await putTestImage(store, { layers });
  const listStore = (): ReadonlySet<string> =>
    new Set(readdirSync(directory.path, { recursive: true, encoding: "utf8" }));
  const before = listStore();
  const destination = `${registry.host}/app:v1`;

  registry.heldBytesMin = LAYER_BYTES;
  const killed = startPush(directory.path, name, destination);
  await registry.held;
  killed.kill("SIGKILL");
  await once(killed, "exit");
  assert.equal(registry.manifests.size, 0);
  assert.deepEqual(listStore(), before);

  registry.heldBytesMin = Infinity;
  assert.deepEqual(await once(startPush(directory.path, name, destination), "exit"), [0, null]);
  const contents = await contentsOf(store.layout, descriptor);
  assert.deepEqual([...registry.manifests.keys()], ["v1"]);
  for (const blob of contents.blobs) assert.ok(registry.blobs.has(blob.digest), blob.digest);
  assert.equal(new Set(registry.uploads).size, registry.uploads.length, "no blob is sent twice");
});
