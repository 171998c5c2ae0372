import assert from "node:assert/strict";
import { mkdtempDisposableSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { extract } from "tar-stream";
import { KwasmError } from "#base";
import { readContent } from "../content.ts";
import { digestOf, hexOf } from "../digest.ts";
import { openImage } from "../image.ts";
import { type ImageLimits, imageLimits } from "../limits.ts";
import { type ImageStore, openStore } from "../store/store.ts";
import { emptyModule, makeLayer, putTestImage, type TestEntry, type TestLayer } from "../testing/make-image.ts";
import { unpackImage } from "../unpack/unpack.ts";
import { loadImages } from "./load.ts";
import { saveImages } from "./save.ts";

/** Two machines: what one saves the other loads. */
class Machines implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-archive-"));
  readonly from = this.open("from");
  readonly to = this.open("to");

  open(name: string, limits: Partial<ImageLimits> = {}): ImageStore {
    return openStore(join(this.#directory.path, name), { limits: { ...imageLimits, ...limits } });
  }

  async save(...names: readonly string[]): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await saveImages(this.from, names)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async filesOf(name: string): Promise<readonly string[]> {
    const image = await openImage({ kind: "store", store: this.to, name });
    const { root } = await unpackImage(image, join(this.#directory.path, "unpacked"));
    return readdirSync(root).sort();
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

/** In pieces, as a pipe brings it. */
async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield Promise.resolve(bytes.subarray(at, at + 10_000));
}

async function namesOf(store: ImageStore, archive: Buffer): Promise<readonly string[]> {
  return (await loadImages(store, piecesOf(archive))).map(({ name }) => name);
}

function moduleLayer(name = "app.wasm"): Promise<TestLayer> {
  return makeLayer([{ name, content: emptyModule }], "+gzip");
}

test("images are saved and loaded with their names, plain and compressed, and always the same bytes", async () => {
  using machines = new Machines();
  const platforms = ["linux", "wasi"].map((os) => ({ os, architecture: os === "wasi" ? "wasm" : "amd64" }));
  await putTestImage(machines.from, { name: "hello:v1", layers: [await moduleLayer()], platforms });
  await putTestImage(machines.from, { name: "ghcr.io/a/b:c", layers: [await moduleLayer("b.wasm")] });
  const archive = await machines.save("hello:v1", "ghcr.io/a/b:c");
  assert.deepEqual(await machines.save("hello:v1", "ghcr.io/a/b:c"), archive);
  for (const bytes of [archive, gzipSync(archive), zstdCompressSync(archive)]) {
    assert.deepEqual(await namesOf(machines.to, bytes), ["localhost/hello:v1", "ghcr.io/a/b:c"]);
  }
  assert.equal(machines.to.get("hello:v1").descriptor.digest, machines.from.get("hello:v1").descriptor.digest);
  assert.deepEqual(await machines.filesOf("ghcr.io/a/b:c"), ["b.wasm"]);
});

test("an archive has docker's list of files too", async () => {
  using machines = new Machines();
  await putTestImage(machines.from, { name: "hello:v1", layers: [await moduleLayer()] });
  const reader = extract();
  reader.end(await machines.save("hello:v1"));
  const documents = new Map<string, Buffer>();
  for await (const entry of reader) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    documents.set(entry.header.name, Buffer.concat(chunks));
  }
  const [image] = JSON.parse(String(documents.get("manifest.json"))) as {
    Config: string;
    RepoTags: string[];
    Layers: string[];
  }[];
  assert.deepEqual(image?.RepoTags, ["localhost/hello:v1"]);
  for (const name of [image.Config, ...image.Layers]) assert.ok(documents.has(name), name);
});

async function packed(entries: readonly TestEntry[]): Promise<Buffer> {
  return (await makeLayer(entries)).bytes;
}

test("what docker saved before it knew layouts is loaded, linked layers included", async () => {
  using machines = new Machines();
  const layer = await makeLayer([{ name: "app.wasm", content: emptyModule }]);
  const config = { os: "linux", architecture: "amd64", config: {}, rootfs: { type: "layers", diff_ids: [] } };
  const entry = { Config: "c.json", RepoTags: ["app:v1", "docker.io/library/app:v2"], Layers: ["two/layer.tar"] };
  const archive = await packed([
    { name: "one/", type: "directory" },
    { name: "one/layer.tar", content: layer.bytes },
    { name: "two/layer.tar", type: "symlink", linkname: "../one/layer.tar" },
    { name: "c.json", content: JSON.stringify(config) },
    { name: "manifest.json", content: JSON.stringify([entry]) },
  ]);
  assert.deepEqual(await namesOf(machines.to, archive), ["localhost/app:v1", "docker.io/library/app:v2"]);
  assert.deepEqual(await machines.filesOf("app:v1"), ["app.wasm"]);
});

interface Refusal {
  readonly code: string;
  readonly message?: RegExp;
  readonly limits?: Partial<ImageLimits>;
}

function checkRefused(title: string, archive: () => Promise<Buffer>, { limits = {}, ...expected }: Refusal): void {
  test(`refused: an archive ${title}`, async () => {
    using machines = new Machines();
    const store = machines.open("limited", limits);
    await assert.rejects(loadImages(store, piecesOf(await archive())), { name: "KwasmError", ...expected });
    assert.deepEqual(store.list(), []);
    assert.deepEqual(readdirSync(join(store.layout.directory, "ingest")), []);
  });
}

function dockerArchive(entry: object, files: readonly TestEntry[] = []): () => Promise<Buffer> {
  return () => packed([...files, { name: "manifest.json", content: JSON.stringify([entry]) }]);
}

const wrongName = `blobs/sha256/${hexOf(digestOf("something else"))}`;
checkRefused("that is none", () => Promise.resolve(Buffer.alloc(2000, "x")), { code: "corrupt" });
checkRefused(
  "that is cut",
  async () => gzipSync(await packed([{ name: "a", content: "x".repeat(9000) }])).subarray(0, 40),
  {
    code: "corrupt",
  },
);
checkRefused("with a blob of another digest", () => packed([{ name: wrongName, content: "x" }]), {
  code: "corrupt",
  message: /another digest/,
});
checkRefused("without names", () => packed([{ name: "a", content: "x" }]), { code: "not-found" });
checkRefused("that lacks a layer", dockerArchive({ Config: "../../etc/passwd", RepoTags: ["a"], Layers: [] }), {
  code: "corrupt",
  message: /has no file/,
});
checkRefused(
  "whose links lead in a circle",
  dockerArchive({ Config: "a", RepoTags: ["a"], Layers: [] }, [
    { name: "a", type: "symlink", linkname: "b" },
    { name: "b", type: "symlink", linkname: "a" },
  ]),
  { code: "corrupt", message: /has no file/ },
);
checkRefused(
  "whose index names a manifest that is not there",
  () => {
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const annotations = { "io.containerd.image.name": "ghcr.io/a/b:c" };
    const manifests = [{ mediaType, digest: digestOf("absent"), size: 6, annotations }];
    return packed([{ name: "./index.json", content: JSON.stringify({ manifests }) }]);
  },
  { code: "corrupt", message: /is not in it/ },
);
checkRefused("of more files than are read", () => packed(["a", "b", "c"].map((name) => ({ name, content: name }))), {
  code: "limit-exceeded",
  limits: { entriesMax: 2 },
});
checkRefused("of more bytes than are read", () => packed([{ name: "a", content: "x".repeat(5000) }]), {
  code: "limit-exceeded",
  limits: { unpackedBytesMax: 4999 },
});
checkRefused("with a document that is too long", () => packed([{ name: "index.json", content: " ".repeat(5000) }]), {
  code: "limit-exceeded",
  limits: { indexBytesMax: 4999 },
});

/** Bounded, so that the test takes some seconds on a busy machine. */
const FUZZ_RUNS = 150;

test("an archive with any bytes changed, or any bytes at all, is loaded whole or refused by a typed error", async () => {
  using machines = new Machines();
  await putTestImage(machines.from, { name: "a", layers: [await moduleLayer()] });
  const whole = await machines.save("a");
  const change = fc.record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) });
  const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const archive = Buffer.from(whole);
    for (const { at, bytes } of changes) archive.set(bytes.subarray(0, archive.length - at), at);
    return archive;
  });
  const any = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.oneof({ arbitrary: changed, weight: 4 }, any), async (archive) => {
      const store = machines.open("fuzzed", { unpackedBytesMax: 1_000_000 });
      try {
        for (const { name } of await loadImages(store, piecesOf(archive))) {
          await readContent({ kind: "store", store, name }, join(store.layout.directory, "..", "fuzzed-cache"));
          store.remove(name);
        }
      } catch (error) {
        assert.ok(error instanceof KwasmError, String(error));
        for (const { name } of store.list()) store.remove(name);
      }
      assert.deepEqual(readdirSync(join(store.layout.directory, "ingest")), []);
    }),
    { numRuns: FUZZ_RUNS },
  );
});
