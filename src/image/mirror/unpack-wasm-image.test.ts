import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmError } from "#base";

import { unpackWasmImage } from "./unpack-wasm-image.ts";

/** A place of blobs elsewhere, which counts what is read of it. */
class Elsewhere {
  readonly blobs = new Map<string, Uint8Array>();
  readonly read: string[] = [];

  put(mediaType: string, content: string, annotations: Readonly<Record<string, string>> = {}) {
    const digest = `sha256:${hash("sha256", content)}`;
    this.blobs.set(digest, Buffer.from(content));
    return { mediaType, digest, size: Buffer.byteLength(content), annotations };
  }

  putImage(module: string, layerType = "application/wasm") {
    const config = this.put("application/vnd.wasm.config.v0+json", "{}");
    const layer = this.put(layerType, module, { "org.opencontainers.image.title": "app.wasm" });
    const type = "application/vnd.oci.image.manifest.v1+json";
    const target = this.put(type, JSON.stringify({ mediaType: type, config, layers: [layer] }));
    return { layer, target };
  }

  async open(directory: string, target: { mediaType: string; digest: string; size: number }, imagesMax = 8) {
    const { blobs, read } = this;
    async function* readBlob({ digest }: { readonly digest: string }) {
      read.push(digest);
      const content = blobs.get(digest);
      // As containerd's answer for what it did not fetch.
      if (content === undefined) throw new KwasmError("not-found", `content "${digest}"`);
      yield Promise.resolve(content);
    }
    const content = await unpackWasmImage({ name: "test", target, readBlob, directory, imagesMax });
    assert.ok(content?.kind !== "spin");
    return content;
  }
}

function makeDirectory() {
  return mkdtempDisposable(join(tmpdir(), "kwasm-mirror-"));
}

test("a Wasm layer becomes a file under its title, and is read from elsewhere once", async () => {
  await using directory = await makeDirectory();
  const elsewhere = new Elsewhere();
  const { target, layer } = elsewhere.putImage("module");
  for (let turn = 0; turn < 2; turn += 1) {
    const image = await elsewhere.open(directory.path, target);
    assert.equal(readFileSync(join(image?.root ?? "", "app.wasm"), "utf8"), "module");
    assert.equal(image?.kind, "wasm-artifact");
  }
  assert.equal(elsewhere.read.filter((digest) => digest === layer.digest).length, 1);
});

test("of an index the manifest for Wasm is chosen", async () => {
  await using directory = await makeDirectory();
  const elsewhere = new Elsewhere();
  const manifests = [
    { ...elsewhere.putImage("native").target, platform: { os: "linux", architecture: "amd64" } },
    { ...elsewhere.putImage("wasm").target, platform: { os: "wasip1", architecture: "wasm" } },
  ];
  const index = elsewhere.put("application/vnd.oci.image.index.v1+json", JSON.stringify({ manifests }));
  const image = await elsewhere.open(directory.path, index);
  assert.equal(readFileSync(join(image?.root ?? "", "app.wasm"), "utf8"), "wasm");
});

test("of an index that was fetched for one platform that one is taken", async () => {
  await using directory = await makeDirectory();
  const elsewhere = new Elsewhere();
  const present = elsewhere.putImage("here").target;
  const absent = { ...elsewhere.putImage("not here").target, platform: { os: "wasip1", architecture: "wasm" } };
  elsewhere.blobs.delete(absent.digest);
  const text = JSON.stringify({ manifests: [absent, present] });
  const image = await elsewhere.open(directory.path, elsewhere.put("application/vnd.oci.image.index.v1+json", text));
  assert.equal(readFileSync(join(image?.root ?? "", "app.wasm"), "utf8"), "here");
});

test("an image of archives is left to who unpacks it, and its layers are not read", async () => {
  await using directory = await makeDirectory();
  const elsewhere = new Elsewhere();
  const { target, layer } = elsewhere.putImage("archive", "application/vnd.oci.image.layer.v1.tar");
  assert.equal(await elsewhere.open(directory.path, target), undefined);
  assert.ok(!elsewhere.read.includes(layer.digest));
});

for (const [what, content] of Object.entries({ other: "modulE", shorter: "modul", longer: "module!" })) {
  test(`a layer whose content is ${what} than announced is refused, and nothing of it stays`, async () => {
    await using directory = await makeDirectory();
    const elsewhere = new Elsewhere();
    const { target, layer } = elsewhere.putImage("module");
    elsewhere.blobs.set(layer.digest, Buffer.from(content));
    await assert.rejects(elsewhere.open(directory.path, target), { code: "corrupt" });
    assert.deepEqual(readdirSync(join(directory.path, "unpacked")), []);
    assert.ok(!readdirSync(join(directory.path, "layout/blobs/sha256")).includes(layer.digest.slice("sha256:".length)));
  });
}

test("as many images as allowed are kept, and not one more", async () => {
  await using directory = await makeDirectory();
  const elsewhere = new Elsewhere();
  for (const [at, module] of ["a", "b", "c"].entries()) {
    await elsewhere.open(directory.path, elsewhere.putImage(module).target, 2);
    assert.equal(readdirSync(join(directory.path, "unpacked")).length, Math.min(at + 1, 2));
  }
});
