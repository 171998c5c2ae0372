import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createInterface } from "node:readline";
import { openImage } from "../image.ts";
import { listImages } from "../list.ts";
import { emptyModule, makeLayer, putTestImage } from "../testing/make-image.ts";
import { unpackImage } from "../unpack/unpack.ts";
import { BlobIngest } from "./ingest.ts";
import { type ImageStore, openStore } from "./store.ts";

/** A store in a folder of its own, removed with everything in it. */
class TestStore implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-store-"));
  readonly path = join(this.#directory.path, "store");
  readonly cache = join(this.#directory.path, "cache");

  open(nowMs = 0): ImageStore {
    return openStore(this.path, { clock: { nowMs: () => nowMs } });
  }

  blobs(): readonly string[] {
    return readdirSync(join(this.path, "blobs", "sha256")).sort();
  }

  /** Opens every image and unpacks it, which compares every blob with its digest. */
  async verify(): Promise<readonly string[]> {
    const store = this.open();
    const names = store.list().map(({ name }) => name);
    for (const name of names) await unpackImage(await openImage({ kind: "store", store, name }), this.cache);
    return names;
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

async function putModule(store: ImageStore, name: string, data = name): Promise<void> {
  const layer = await makeLayer([
    { name: "app.wasm", content: emptyModule },
    { name: "data", content: data },
  ]);
  await putTestImage(store, { name, layers: [layer] });
}

test("an image is found by every spelling of its name, by digest and by id", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "hello");
  await putModule(store, "ghcr.io/x/y:z");
  const { descriptor } = store.get("ghcr.io/x/y:z");
  for (const text of ["hello", "hello:latest", "localhost/hello"]) {
    assert.equal(store.get(text).name, "localhost/hello:latest");
  }
  for (const text of [`ghcr.io/x/y@${descriptor.digest}`, descriptor.digest.slice(7, 19), "ghcr.io/x/y:z"]) {
    assert.equal(store.get(text).name, "ghcr.io/x/y:z");
  }
  for (const text of ["ghcr.io/x/y", "y:z", "x/y:z", `hello@${descriptor.digest}`, descriptor.digest.slice(7, 10)]) {
    assert.equal(store.find(text), undefined, text);
  }
  assert.throws(() => store.get("absent"), { code: "not-found", message: /docker.io\/library\/absent:latest/ });
});

test("the folder is an OCI image layout that names its images", async () => {
  using ground = new TestStore();
  await putModule(ground.open(), "hello");
  assert.deepEqual(JSON.parse(readFileSync(join(ground.path, "oci-layout"), "utf8")), { imageLayoutVersion: "1.0.0" });
  const image = await openImage({ kind: "layout", directory: ground.path, name: "localhost/hello:latest" });
  assert.equal(image.manifest.layers.length, 1);
});

test("rows have the columns of docker images, and the time of the put", async () => {
  using ground = new TestStore();
  await putModule(ground.open(1_000), "ghcr.io/a/b:v1");
  const [row] = listImages(ground.open());
  assert.partialDeepStrictEqual(row, { repository: "ghcr.io/a/b", tag: "v1", createdAtMs: 1_000 });
  assert.match(row?.id ?? "", /^[0-9a-f]{12}$/);
  assert.ok((row?.sizeBytes ?? 0) > 2048);
});

test("removing the last name removes the blobs, and a shared one stays for the other", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "one", "same");
  await putModule(store, "two", "same");
  store.tag("one", "three");
  const all = ground.blobs();
  assert.equal(store.remove("one").untagged, "localhost/one:latest");
  store.remove("two");
  assert.deepEqual(ground.blobs(), all);
  assert.equal(store.remove("three").deleted.length, all.length);
  assert.deepEqual(ground.blobs(), []);
  assert.throws(() => store.remove("three"), { code: "not-found" });
});

test("an id with several names is refused where one must be chosen", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "one");
  const id = store.tag("one", "two").descriptor.digest.slice(7, 19);
  assert.throws(() => store.remove(id), { code: "invalid-argument", message: /localhost\/one.*localhost\/two/ });
});

test("putting a name again replaces it, and what it had before is collected", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "hello", "old");
  const before = ground.blobs();
  await putModule(store, "hello", "new");
  assert.equal(store.list().length, 1);
  assert.equal(ground.blobs().length, before.length);
});

test("entries that other tools added are kept, and not listed", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "hello");
  const path = join(ground.path, "index.json");
  const index = JSON.parse(readFileSync(path, "utf8")) as { manifests: { annotations: object }[] };
  for (const manifest of index.manifests) manifest.annotations = { "org.opencontainers.image.ref.name": "v1" };
  writeFileSync(path, JSON.stringify(index));
  assert.deepEqual(store.list(), []);
  await putModule(store, "other");
  assert.equal((JSON.parse(readFileSync(path, "utf8")) as typeof index).manifests.length, 2);
});

test("a damaged blob is found when it is read, and healed by putting the image again", async () => {
  using ground = new TestStore();
  await putModule(ground.open(), "hello");
  for (const name of ground.blobs()) {
    const path = join(ground.path, "blobs", "sha256", name);
    const good = readFileSync(path);
    writeFileSync(path, Buffer.alloc(good.length, 1));
    await assert.rejects(ground.verify(), { code: "corrupt" });
    truncateSync(path, good.length - 1);
    await assert.rejects(ground.verify(), { code: "corrupt" });
    writeFileSync(path, good);
  }
  const [first = ""] = ground.blobs();
  writeFileSync(join(ground.path, "blobs", "sha256", first), "damaged");
  await putModule(ground.open(), "hello");
  assert.deepEqual(await ground.verify(), ["localhost/hello:latest"]);
});

test("a blob over the limit is refused while it is written, and leaves nothing", async () => {
  using ground = new TestStore();
  const store = ground.open();
  {
    using ingest = new BlobIngest(ground.path, { ...store.layout.limits, blobBytesMax: 3 });
    await assert.rejects(ingest.write([Buffer.from("four")]), { code: "limit-exceeded" });
  }
  assert.deepEqual(readdirSync(join(ground.path, "ingest")), []);
});

test("what a dead writer left is collected, and a living one's is not", async () => {
  using ground = new TestStore();
  const store = ground.open();
  await putModule(store, "hello");
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  const dead = join(ground.path, "ingest", `${child.pid}-left.partial`);
  mkdirSync(dead);
  writeFileSync(join(dead, "blob"), "left");
  writeFileSync(join(ground.path, `index.json.${child.pid}.tmp`), "{");
  using living = store.ingest();
  await living.write([Buffer.from("living")]);
  store.remove("hello");
  assert.equal(readdirSync(join(ground.path, "ingest")).length, 1);
  assert.deepEqual(readdirSync(ground.path).sort(), ["blobs", "index.json", "ingest", "lock", "oci-layout"]);
});

test("a folder that is no store, or one of another version, is refused", () => {
  using ground = new TestStore();
  ground.open();
  writeFileSync(join(ground.path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "2.0.0" }));
  assert.throws(() => ground.open(), { code: "unsupported" });
  writeFileSync(join(ground.path, "oci-layout"), "{");
  assert.throws(() => ground.open(), { code: "corrupt" });
});

function startWriter(store: string, prefix: string, count: number): ChildProcess {
  const script = join(import.meta.dirname, "..", "testing", "put-images-main.ts");
  const words = ["--disable-warning=ExperimentalWarning", script, store, prefix, String(count)];
  return spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Kills the writer with SIGKILL as soon as it has printed its `lines`th line. */
async function killAfter(writer: ChildProcess, lines: number): Promise<void> {
  assert.ok(writer.stdout);
  let seen = 0;
  for await (const _line of createInterface(writer.stdout)) {
    seen += 1;
    if (seen === lines) writer.kill("SIGKILL");
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
  assert.equal(writer.signalCode, "SIGKILL");
}

test("kill -9 at any moment leaves a store that opens, verifies, and can be written and emptied", async () => {
  using ground = new TestStore();
  ground.open();
  for (const lines of [1, 2, 3, 7, 12]) {
    await killAfter(startWriter(ground.path, "killed", 1_000), lines);
    await ground.verify();
  }
  const store = ground.open();
  await putModule(store, "after");
  for (const { name } of store.list()) store.remove(name);
  assert.deepEqual(ground.blobs(), []);
  assert.deepEqual(readdirSync(join(ground.path, "ingest")), []);
});

test("several processes write at once, and every image of each is there", async () => {
  using ground = new TestStore();
  const writers = ["a", "b", "c"].map((prefix) => startWriter(ground.path, prefix, 9));
  for (const writer of writers) writer.stdout?.resume();
  const codes = await Promise.all(writers.map(async (writer): Promise<unknown> => (await once(writer, "exit"))[0]));
  assert.deepEqual(codes, [0, 0, 0]);
  assert.deepEqual(
    await ground.verify(),
    ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"].map((name) => `localhost/${name}:latest`),
  );
});
