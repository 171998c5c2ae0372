import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../digest.ts";
import { openImage } from "../image.ts";
import { openStore, type StoredImage } from "../store/store.ts";
import { emptyModule } from "../testing/make-image.ts";
import { unpackSpinArtifact } from "../unpack/spin-artifact.ts";
import { buildSpinArtifact } from "./build-spin.ts";

class Ground implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-build-spin-"));
  readonly store = openStore(join(this.#directory.path, "store"));
  readonly cache = join(this.#directory.path, "cache");

  /** An artifact of two components of one module, the first of which has files. */
  build(files: Readonly<Record<string, string>>, more: { readonly isChanged?: boolean } = {}): Promise<StoredImage> {
    const module = this.#write("app.wasm", emptyModule);
    const listed = Object.entries(files).map(([path, content]) => {
      return { path, isInline: content.length < 3, ...this.#write(join("files", path), content) };
    });
    if (more.isChanged === true) this.#write("app.wasm", Buffer.concat([emptyModule, Buffer.from([0, 1, 0])]));
    return buildSpinArtifact({
      name: "app",
      store: this.store,
      application: "{}",
      components: [
        { modules: [module], files: listed },
        { modules: [module], files: [] },
      ],
      title: "shop",
      version: "1.0.0",
      description: "",
    });
  }

  async open() {
    return openImage({ kind: "store", store: this.store, name: "app" });
  }

  #write(name: string, content: string | Buffer): { readonly hostPath: string; readonly digest: string } {
    const hostPath = join(this.#directory.path, name);
    mkdirSync(dirname(hostPath), { recursive: true });
    writeFileSync(hostPath, content);
    return { hostPath, digest: digestOf(content) };
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

/** A change means that artifacts stopped being reproducible. */
const KNOWN_DIGEST = "sha256:f1ba96111c0731dd8fd93d77a33cf40ddc39aef3fa30e71c37f6d7dd1e4c74b7";

test("an artifact has the modules, the files that are not in the application, and that, each once", async () => {
  using ground = new Ground();
  const { descriptor } = await ground.build({ "a.txt": "from a file", "b.txt": "from a file", "c.txt": "in" });
  assert.equal(descriptor.digest, KNOWN_DIGEST);
  const image = await ground.open();
  assert.equal(image.kind, "spin");
  const wasm = "application/vnd.wasm.content.layer.v1";
  assert.deepEqual(
    image.manifest.layers.map(({ mediaType }) => mediaType),
    [`${wasm}+wasm`, `${wasm}+data`, "application/vnd.fermyon.spin.application.v1+config"],
  );
  const { application, blobs } = await unpackSpinArtifact(image, ground.cache);
  assert.equal(application, "{}");
  assert.deepEqual([...blobs.keys()].sort(), [digestOf("from a file"), digestOf(emptyModule)].sort());
});

test("more files than a registry takes layers are in one archive, the same each time", async () => {
  const files = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`deep/${at}.txt`, `file ${at}`]));
  const digests = [];
  for (let left = 2; left > 0; left -= 1) {
    using ground = new Ground();
    digests.push((await ground.build(files)).descriptor.digest);
    const image = await ground.open();
    assert.equal(image.manifest.layers.length, 3);
    const { blobs } = await unpackSpinArtifact(image, ground.cache);
    assert.equal(blobs.size, 601);
    assert.equal(readFileSync(blobs.get(digestOf("file 599")) ?? "", "utf8"), "file 599");
  }
  assert.equal(digests[0], digests[1]);
});

test("what changes while it is built is refused, and nothing is left", async () => {
  using ground = new Ground();
  await assert.rejects(ground.build({}, { isChanged: true }), { code: "failed-precondition", message: /app\.wasm/ });
  assert.deepEqual([ground.store.list(), readdirSync(join(ground.store.layout.directory, "ingest"))], [[], []]);
});
