import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, openImage } from "./image.ts";
import { rankPlatforms } from "./layout/select.ts";
import { imageLimits, type ImageLimits } from "./limits.ts";
import { openStore } from "./store/store.ts";
import { emptyModule, makeLayer, putTestImage, type TestImage } from "./testing/make-image.ts";
import { pruneUnpacked, unpackImage } from "./unpack/unpack.ts";

class Ground implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-image-"));
  readonly store = openStore(join(this.#directory.path, "store"));
  readonly cache = join(this.#directory.path, "cache");

  async put(image: TestImage): Promise<Image> {
    const { name } = await putTestImage(this.store, image);
    return openImage({ kind: "store", store: this.store, name });
  }

  async unpack(image: TestImage): Promise<readonly string[]> {
    const { root } = await unpackImage(await this.put(image), this.cache);
    return readdirSync(root).sort();
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

for (const compression of ["", "+gzip", "+zstd"] as const) {
  test(`layers of type tar${compression} are unpacked over each other`, async () => {
    using ground = new Ground();
    const layers = [
      await makeLayer(
        [
          { name: "app.wasm", content: emptyModule },
          { name: "old", content: "" },
        ],
        compression,
      ),
      await makeLayer(
        [
          { name: ".wh.old", content: "" },
          { name: "new", content: "" },
        ],
        compression,
      ),
    ];
    assert.deepEqual(await ground.unpack({ layers }), ["app.wasm", "new"]);
  });
}

test("what an archive is compressed by says its content, and not its type", async () => {
  using ground = new Ground();
  const [{ bytes: plain }, { bytes: packed }] = [
    await makeLayer([{ name: "a", content: "" }]),
    await makeLayer([{ name: "b", content: "" }], "+gzip"),
  ];
  const docker = "application/vnd.docker.image.rootfs.diff.tar";
  const layers = [
    { mediaType: `${docker}.gzip`, bytes: plain },
    { mediaType: docker, bytes: packed },
  ];
  assert.deepEqual(await ground.unpack({ layers }), ["a", "b"]);
});

function wasmLayer(mediaType: string, title?: string): TestImageLayer {
  const annotations = title === undefined ? {} : { annotations: { "org.opencontainers.image.title": title } };
  return { mediaType, bytes: emptyModule, ...annotations };
}

type TestImageLayer = NonNullable<TestImage["layers"]>[number];

function checkModuleName(title: string | undefined, expected: string): void {
  test(`a Wasm layer titled ${title ?? "nothing"} becomes ${expected}`, async () => {
    using ground = new Ground();
    assert.deepEqual(await ground.unpack({ layers: [wasmLayer("application/wasm", title)] }), [expected]);
  });
}

checkModuleName(undefined, "module-0.wasm");
checkModuleName("hello.wasm", "hello.wasm");
checkModuleName("../../hello.wasm", "hello.wasm");
checkModuleName("..", "module-0.wasm");
checkModuleName("/etc/passwd", "module-0.wasm");

test("a layer of an unknown type is named", async () => {
  using ground = new Ground();
  const image = await ground.put({ layers: [wasmLayer("application/x-unknown")] });
  await assert.rejects(unpackImage(image, ground.cache), { code: "unsupported", message: /application\/x-unknown/ });
  assert.deepEqual(readdirSync(ground.cache), []);
});

test("unpacking at once and again is done once, and pruning keeps what it is told", async () => {
  using ground = new Ground();
  const image = await ground.put({ layers: [await makeLayer([{ name: "app.wasm", content: emptyModule }])] });
  const unpacked = await Promise.all([1, 2, 3].map(() => unpackImage(image, ground.cache)));
  assert.equal(new Set(unpacked.map(({ root }) => root)).size, 1);
  assert.equal(readdirSync(ground.cache).length, 1);
  mkdirSync(join(ground.cache, "other"));
  pruneUnpacked(ground.cache, [image.digest]);
  assert.deepEqual(readdirSync(ground.cache), [image.digest.slice("sha256:".length)]);
  pruneUnpacked(ground.cache, []);
  assert.deepEqual(readdirSync(ground.cache), []);
});

test("a diff_id that does not fit is refused, and nothing is left unpacked", async () => {
  using ground = new Ground();
  const image = await ground.put({ layers: [await makeLayer([])], diffIds: [`sha256:${"1".repeat(64)}`] });
  await assert.rejects(unpackImage(image, ground.cache), { code: "corrupt" });
  assert.deepEqual(readdirSync(ground.cache), []);
});

const descriptor = { mediaType: "", digest: `sha256:${"0".repeat(64)}`, size: 1 } as const;

function checkPlatform(present: readonly string[], expected: string | undefined): void {
  test(`of ${present.join(", ")}, ${expected ?? "none"} is chosen on x64`, () => {
    const manifests = present.map((text) => {
      const [os = "", architecture = ""] = text.split("/");
      return Object.assign({ platform: { os, architecture } }, descriptor);
    });
    if (expected === undefined) {
      assert.throws(() => rankPlatforms(manifests, "test", "x64"), { code: "not-found" });
      return;
    }
    const [{ platform }] = rankPlatforms(manifests, "test", "x64");
    assert.equal(`${platform?.os}/${platform?.architecture}`, expected);
  });
}

checkPlatform(["linux/amd64", "wasi/wasm", "wasip1/wasm"], "wasip1/wasm");
checkPlatform(["linux/amd64", "wasi/wasm"], "wasi/wasm");
checkPlatform(["wasi/wasm", "wasip2/wasm"], "wasip2/wasm");
checkPlatform(["linux/arm64", "unknown/unknown", "linux/amd64"], "linux/amd64");
checkPlatform(["linux/arm64", "unknown/unknown"], undefined);
checkPlatform([], undefined);

test("an index is followed to the manifest for Wasm", async () => {
  using ground = new Ground();
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "wasip1", architecture: "wasm" },
  ];
  assert.equal((await ground.put({ platforms })).config.os, "wasip1");
});

/** A layout written by hand, so that its documents can be anything. */
function writeLayout(directory: string, documents: readonly (object | string)[], root: object): void {
  mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  for (const document of documents) {
    const text = typeof document === "string" ? document : JSON.stringify(document);
    writeFileSync(join(directory, "blobs", "sha256", createHash("sha256").update(text).digest("hex")), text);
  }
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [root] }));
}

function describe(document: object | string, mediaType: string): { digest: string; size: number; mediaType: string } {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return { mediaType, size: text.length, digest: `sha256:${createHash("sha256").update(text).digest("hex")}` };
}

interface BadDocument {
  readonly code: string;
  readonly message: RegExp;
  readonly limits?: Partial<ImageLimits>;
}

function checkBadManifest(title: string, manifest: object | string, { limits, ...expected }: BadDocument): void {
  test(`bad manifest: ${title}`, async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-image-"));
    const type = "application/vnd.oci.image.manifest.v1+json";
    writeLayout(directory.path, [manifest, "{}"], describe(manifest, type));
    const opened = openImage({ kind: "layout", directory: directory.path }, { ...imageLimits, ...limits });
    await assert.rejects(opened, { name: "KwasmError", ...expected });
  });
}

const config = describe("{}", "application/vnd.oci.image.config.v1+json");
checkBadManifest("no JSON", "{", { code: "corrupt", message: /no JSON/ });
checkBadManifest("deep JSON", "[".repeat(100_000), { code: "corrupt", message: /no JSON/ });
checkBadManifest("a list", "[]", { code: "corrupt", message: /no JSON object/ });
checkBadManifest("no config", {}, { code: "corrupt", message: /config: it is no JSON object/ });
checkBadManifest(
  "a digest that is a path",
  { config: { ...config, digest: "sha256:../../x" } },
  { code: "corrupt", message: /no sha256 digest/ },
);
checkBadManifest("a negative size", { config: { ...config, size: -1 } }, { code: "corrupt", message: /whole number/ });
checkBadManifest("a wrong size", { config: { ...config, size: 3 } }, { code: "corrupt", message: /3 were announced/ });
checkBadManifest(
  "a huge config",
  { config: { ...config, size: 2 ** 30 } },
  { code: "limit-exceeded", message: /passes/ },
);
checkBadManifest(
  "too many layers",
  { config, layers: [config, config] },
  { code: "limit-exceeded", message: /2 of them/, limits: { layersMax: 1 } },
);
checkBadManifest(
  "a config that is absent",
  { config: describe("absent", "") },
  { code: "not-found", message: /not in the image layout/ },
);
checkBadManifest(
  "itself too large",
  { config },
  { code: "limit-exceeded", message: /passes 10/, limits: { manifestBytesMax: 10 } },
);
checkBadManifest(
  "the least that opens is a config of {}, here with layers as text",
  { config, layers: "none" },
  { code: "corrupt", message: /"layers" is no list/ },
);

test("of an index whose best platform is not here another one runs, and without any the best one is missed", async () => {
  using ground = new Ground();
  const platforms = [
    { os: "wasip1", architecture: "wasm" },
    { os: "wasi", architecture: "wasm" },
  ];
  const best = await ground.put({ platforms });
  const open = (): Promise<Image> => openImage({ kind: "store", store: ground.store, name: "test" });
  rmSync(ground.store.layout.blobPath(best.digest));
  const other = await open();
  assert.equal(other.config.os, "wasi");
  rmSync(ground.store.layout.blobPath(other.digest));
  await assert.rejects(open(), { code: "not-found", message: new RegExp(best.digest) });
});

test("indexes that nest beyond the limit are refused", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-image-"));
  const type = "application/vnd.oci.image.index.v1+json";
  const documents: object[] = [{ manifests: [] }];
  for (let depth = 0; depth < imageLimits.indexDepthMax; depth++) {
    documents.push({ manifests: [describe(documents.at(-1) ?? {}, type)] });
  }
  writeLayout(directory.path, documents, describe(documents.at(-1) ?? {}, type));
  const opened = openImage({ kind: "layout", directory: directory.path });
  await assert.rejects(opened, { code: "limit-exceeded", message: /nested/ });
});

test("a folder of several images needs a name, and says which it has", async () => {
  using ground = new Ground();
  await ground.put({ name: "one" });
  await ground.put({ name: "two" });
  const { directory } = ground.store.layout;
  await assert.rejects(openImage({ kind: "layout", directory }), { code: "invalid-argument", message: /one.*two/ });
  await assert.rejects(openImage({ kind: "layout", directory, name: "x" }), { code: "not-found", message: /one.*two/ });
});

test("a folder that is no layout is refused", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-image-"));
  const opened = openImage({ kind: "layout", directory: directory.path });
  await assert.rejects(opened, { code: "not-found", message: /oci-layout/ });
  assert.ok(!existsSync(join(directory.path, "index.json")));
  assert.deepEqual(readdirSync(directory.path), []);
});

test("the files of an image are those that were packed", async () => {
  using ground = new Ground();
  const image = await ground.put({ layers: [await makeLayer([{ name: "d/a.wasm", content: emptyModule }], "+zstd")] });
  const { root } = await unpackImage(image, ground.cache);
  assert.deepEqual(readFileSync(join(root, "d/a.wasm")), emptyModule);
});
