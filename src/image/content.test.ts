import assert from "node:assert/strict";
import { createReadStream, mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ErrorCode } from "#base";
import { saveImages } from "./archive/save.ts";
import { type ImageContent, readContent } from "./content.ts";
import { digestOf, hexOf } from "./digest.ts";
import { mediaTypes } from "./document.ts";
import { resolveEntry } from "./entry/resolve-entry.ts";
import type { ImageKind } from "./image-kind.ts";
import { imageLimits } from "./limits.ts";
import { unpackWasmImage } from "./mirror/unpack-wasm-image.ts";
import { openStore } from "./store/store.ts";
import { emptyModule, makeLayer, putTestImage, type TestImage, type TestLayer } from "./testing/make-image.ts";

/** An image in the four places where images lie. */
class Places implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-content-"));
  readonly store = openStore(join(this.#directory.path, "store"));

  /** Each with a cache of its own, so that none has what another one unpacked. */
  cache(name: string): string {
    return join(this.#directory.path, `cache-${name}`);
  }

  async write(name: string): Promise<string> {
    const path = join(this.#directory.path, "image.tar");
    const chunks: Uint8Array[] = [];
    for await (const chunk of await saveImages(this.store, [name])) chunks.push(chunk);
    writeFileSync(path, Buffer.concat(chunks));
    return path;
  }

  async openAll(image: TestImage): Promise<readonly (ImageContent | undefined)[]> {
    const { name, descriptor } = await putTestImage(this.store, image);
    const { store } = this;
    const readBlob = ({ digest }: { readonly digest: string }): AsyncIterable<Uint8Array> =>
      createReadStream(join(store.layout.blobsDirectory, digest.replace("sha256:", "")));
    const place = { target: descriptor, readBlob, directory: this.cache("elsewhere"), imagesMax: 8 };
    return [
      await readContent({ kind: "store", store, name }, this.cache("store")),
      await readContent({ kind: "layout", directory: store.layout.directory }, this.cache("layout")),
      await readContent({ kind: "archive", path: await this.write(name) }, this.cache("archive")),
      await unpackWasmImage({ name, ...place }),
    ];
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

function wasm(mediaType: string, title?: string): TestLayer {
  const annotations = title === undefined ? {} : { annotations: { "org.opencontainers.image.title": title } };
  return { mediaType, bytes: emptyModule, ...annotations };
}

function config(mediaType: string, document: object | string = {}): NonNullable<TestImage["config"]> {
  return { mediaType, text: typeof document === "string" ? document : JSON.stringify(document) };
}

interface Expected {
  readonly kind: ImageKind;
  readonly platform: string;
  readonly argv?: readonly string[];
}

function check(title: string, image: TestImage, { kind, platform, argv = ["/module-0.wasm"] }: Expected): void {
  test(`${title} is the same in a store, a layout, an archive and elsewhere`, async () => {
    using places = new Places();
    const [stored, ...others] = await places.openAll(image);
    assert.ok(stored !== undefined && stored.kind !== "spin");
    const files = stored;
    assert.equal(files.kind, kind);
    assert.equal(`${files.config.os}/${files.config.architecture}`, platform);
    const entry = await resolveEntry(files);
    assert.deepEqual(entry.argv, argv);
    for (const other of others) {
      // Who has an image of archives elsewhere has unpacked it.
      if (other === undefined) assert.equal(kind, "files");
      else {
        assert.ok(other.kind !== "spin");
        const found = other;
        const { root, name } = found;
        assert.deepEqual(found, { ...files, root, name });
        const again = await resolveEntry(found);
        assert.deepEqual(again, { ...entry, module: { ...entry.module, path: again.module.path } });
      }
    }
  });
}

const imageConfig = { os: "wasip1", architecture: "wasm", config: {}, rootfs: { type: "layers", diff_ids: [] } };
const runwasiLayer = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm";
const wasmConfig = { os: "wasip2", architecture: "wasm", layerDigests: [], component: { exports: [], imports: [] } };
const oldLayer = "application/vnd.wasm.content.layer.v1+wasm";

check(
  "an image FROM scratch",
  {
    layers: [await makeLayer([{ name: "app.wasm", content: emptyModule }], "+gzip")],
    run: { Cmd: ["/app.wasm", "x"] },
  },
  { kind: "files", platform: "linux/amd64", argv: ["/app.wasm", "x"] },
);
check(
  "runwasi's image",
  { layers: [wasm(runwasiLayer)], config: config(mediaTypes.config, imageConfig) },
  { kind: "wasm-image", platform: "wasip1/wasm" },
);
check(
  "an artifact of wkg",
  { layers: [wasm("application/wasm", "hello.wasm")], config: config(mediaTypes.wasmConfig, wasmConfig) },
  { kind: "wasm-artifact", platform: "wasip2/wasm", argv: ["/hello.wasm"] },
);
check(
  "what ORAS pushes without a config",
  { layers: [wasm("application/wasm")], config: config("application/vnd.oci.empty.v1+json") },
  { kind: "wasm-artifact", platform: "/" },
);
for (const [type, layer] of [
  ["application/vnd.wasm.config.v1+json", oldLayer],
  ["application/vnd.w3c.wasm.module.v1+json", "application/vnd.w3c.wasm.module.v1+wasm"],
  ["application/vnd.w3c.wasm.component.v1+json", "application/vnd.w3c.wasm.component.v1+wasm"],
  ["application/vnd.module.wasm.config.v1+json", "application/vnd.module.wasm.content.layer.v1+wasm"],
] as const) {
  check(
    `an old artifact with ${layer}, whose config is no JSON,`,
    { layers: [wasm(layer)], config: config(type, "") },
    { kind: "old-artifact", platform: "/" },
  );
}

const application = JSON.stringify({ spin_lock_version: 1, components: [] });
const dataLayer: TestLayer = { mediaType: "application/vnd.wasm.content.layer.v1+data", bytes: Buffer.from("data") };
const applicationLayer: TestLayer = { mediaType: mediaTypes.spinApplication, bytes: Buffer.from(application) };

async function archiveLayer(): Promise<TestLayer> {
  const { bytes } = await makeLayer([
    { name: "www/a.html", content: "a" },
    { name: "b", content: "b" },
  ]);
  return { mediaType: "application/vnd.wasm.content.bundle.v1.tar+gzip", bytes: gzipSync(bytes) };
}

const spinForms: Readonly<Record<string, TestImage>> = {
  "with the application as its config": {
    layers: [wasm(oldLayer), dataLayer, await archiveLayer()],
    config: config(mediaTypes.spinApplication, application),
  },
  "with the application as a layer": {
    layers: [wasm("application/wasm"), dataLayer, await archiveLayer(), applicationLayer],
    config: config(mediaTypes.config, imageConfig),
  },
};

for (const [title, image] of Object.entries(spinForms)) {
  test(`a Spin artifact ${title} gives its application and its files by digest, wherever it lies`, async () => {
    using places = new Places();
    for (const content of await places.openAll(image)) {
      assert.ok(content?.kind === "spin");
      assert.equal(content.application, application);
      const expected = [emptyModule, ...["data", "a", "b"].map((text) => Buffer.from(text))];
      const found = [...content.blobs].map(([digest, path]) => [digest, readFileSync(path, "hex")] as const);
      assert.deepEqual(new Map(found), new Map(expected.map((bytes) => [digestOf(bytes), bytes.toString("hex")])));
    }
  });
}

function checkRefused(title: string, image: TestImage, code: ErrorCode, message: RegExp): void {
  test(`refused, with nothing left unpacked: ${title}`, async () => {
    using places = new Places();
    await assert.rejects(places.openAll(image), { code, message });
    assert.deepEqual(readdirSync(places.cache("store")), []);
  });
}

checkRefused(
  "two applications in one Spin artifact",
  { layers: [applicationLayer], config: config(mediaTypes.spinApplication, application) },
  "corrupt",
  /2 locked applications/,
);
checkRefused(
  "a layer of another kind in a Spin artifact",
  { layers: [await makeLayer([])], config: config(mediaTypes.spinApplication, application) },
  "unsupported",
  /a layer of type "application\/vnd\.oci\.image\.layer\.v1\.tar"/,
);
checkRefused(
  "a layer of Spin in another artifact",
  { layers: [wasm("application/wasm"), dataLayer], config: config(mediaTypes.wasmConfig) },
  "unsupported",
  /a layer of type ".*\+data"/,
);
checkRefused(
  "an archive of Spin that leads out",
  {
    layers: [
      {
        mediaType: "application/vnd.wasm.content.bundle.v1.tar+gzip",
        bytes: gzipSync((await makeLayer([{ name: "../../escaped", content: "x" }])).bytes),
      },
    ],
    config: config(mediaTypes.spinApplication, application),
  },
  "permission-denied",
  /"\.\.\/\.\.\/escaped"/,
);

test("the files of a Spin artifact count towards what an image may unpack to", async () => {
  using places = new Places();
  const image = spinForms["with the application as its config"] ?? {};
  const { name } = await putTestImage(places.store, image);
  const limits = { ...imageLimits, entriesMax: 3 };
  const opened = readContent({ kind: "layout", directory: places.store.layout.directory }, places.cache("a"), limits);
  await assert.rejects(opened, { code: "limit-exceeded" });
  assert.ok(name);
});

test("a layer whose content is something else is refused in each form", async () => {
  for (const image of [{ layers: [wasm(runwasiLayer)] }, ...Object.values(spinForms)]) {
    using places = new Places();
    const { name } = await putTestImage(places.store, image);
    const path = join(places.store.layout.blobsDirectory, hexOf(digestOf(emptyModule)));
    writeFileSync(path, Buffer.from("0061736d02000000", "hex"));
    const opened = readContent({ kind: "store", store: places.store, name }, places.cache("store"));
    await assert.rejects(opened, { code: "corrupt", message: /its content has another digest/ });
  }
});

test("an archive of several images says which there are", async () => {
  using places = new Places();
  const first = await putTestImage(places.store, { name: "one", layers: [wasm(runwasiLayer)] });
  const second = await putTestImage(places.store, { name: "two", layers: [wasm("application/wasm")] });
  const path = join(places.cache("."), "..", "both.tar");
  const chunks: Uint8Array[] = [];
  for await (const chunk of await saveImages(places.store, [first.name, second.name])) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks));
  const source = { kind: "archive", path } as const;
  await assert.rejects(readContent(source, places.cache("x")), {
    code: "invalid-argument",
    message: /it holds "localhost\/one:latest", "localhost\/two:latest"/,
  });
  const chosen = await readContent({ ...source, name: "two" }, places.cache("x"));
  assert.equal(chosen.digest, second.descriptor.digest);
  assert.equal(readdirSync(places.cache("x")).length, 1, "what was loaded on the way is gone");
});
