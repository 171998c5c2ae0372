import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { resolveEntry } from "../entry/resolve-entry.ts";
import { digestOf } from "../digest.ts";
import { openImage } from "../image.ts";
import { openStore, type StoredImage } from "../store/store.ts";
import { emptyModule } from "../testing/make-image.ts";
import { unpackImage } from "../unpack/unpack.ts";
import { buildImage, type BuildOptions } from "./build.ts";

class Ground implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-build-test-"));
  readonly store = openStore(join(this.#directory.path, "store"));
  readonly cache = join(this.#directory.path, "cache");

  /** Writes a file beside the store, and returns its path. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.#directory.path, "source", name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  build(source: string, more: Partial<BuildOptions> = {}): Promise<StoredImage> {
    return buildImage({ source, name: "built", store: this.store, ...more });
  }

  async unpack(): Promise<{ readonly root: string; readonly argv: readonly string[]; readonly user: string }> {
    const image = await openImage({ kind: "store", store: this.store, name: "built" });
    const unpacked = await unpackImage(image, this.cache);
    const { argv, user } = await resolveEntry(unpacked, { command: ["/"] });
    return { root: unpacked.root, argv, user };
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

/** Digest of the image of the empty module as `hello.wasm`: a change means that images stopped being reproducible. */
const KNOWN_DIGEST = "sha256:f6eef774d657dababd228cb1f09682d362488d0ef6d69978fc219bebba1736c7";

test("an image of a prebuilt module has one digest, on every machine and at every hour", async () => {
  using ground = new Ground();
  const { descriptor } = await ground.build(ground.write("hello.wasm", emptyModule));
  assert.equal(descriptor.digest, KNOWN_DIGEST);
  const again = await ground.build(ground.write("other/hello.wasm", emptyModule), { name: "again" });
  assert.equal(again.descriptor.digest, KNOWN_DIGEST);
});

test("a component makes an image as a module does", async () => {
  using ground = new Ground();
  await ground.build(ground.write("hello.wasm", Buffer.from("0061736d0d000100", "hex")));
  assert.deepEqual((await ground.unpack()).argv, ["/hello.wasm"]);
});

test("it runs its module as a numeric user that is not root, and files come along", async () => {
  using ground = new Ground();
  const hostPath = ground.write("page", "<p>");
  const files = [{ hostPath, imagePath: "/srv/www/index.html" }];
  await ground.build(ground.write("hello.wasm", emptyModule), { files });
  const { root, argv, user } = await ground.unpack();
  assert.deepEqual(argv, ["/hello.wasm"]);
  assert.equal(user, "65532:65532");
  assert.deepEqual(readdirSync(join(root, "srv/www")), ["index.html"]);
});

test("containerd, docker and crun each find their platform, all with one layer", async () => {
  using ground = new Ground();
  const { descriptor } = await ground.build(ground.write("hello.wasm", emptyModule));
  const { layout } = ground.store;
  const index = JSON.parse(Buffer.from(layout.readDocumentSync(descriptor, 1e6)).toString()) as {
    manifests: { platform: { os: string; architecture: string } }[];
  };
  const platforms = index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);
  assert.deepEqual(platforms, ["linux/amd64", "linux/arm64", "wasi/wasm"]);
  // One index, three manifests with a config each, one layer.
  assert.equal(readdirSync(layout.blobsDirectory).length, 8);
});

const componentPreamble = Buffer.from("0061736d0d000100", "hex");

for (const [kind, content, system] of [
  ["module", emptyModule, "wasip1"],
  ["component", componentPreamble, "wasip2"],
] as const) {
  test(`an artifact of a ${kind} is that alone, the same from every folder, and says what it is`, async () => {
    using ground = new Ground();
    const names = { imports: ["wasi:io/error@0.2.0"], exports: ["wasi:cli/run@0.2.0"] };
    const more = { format: "wasm-artifact", describe: () => Promise.resolve(names) } as const;
    const { descriptor } = await ground.build(ground.write("hello.wasm", content), more);
    const again = await ground.build(ground.write("other/hello.wasm", content), more);
    assert.equal(again.descriptor.digest, descriptor.digest);
    const { kind: form, manifest, layout } = await openImage({ kind: "store", store: ground.store, name: "built" });
    assert.equal(form, "wasm-artifact");
    const config = Buffer.from(await layout.readDocument(manifest.config, 1e6)).toString();
    const [layer] = manifest.layers;
    assert.deepEqual(JSON.parse(config), {
      created: "1970-01-01T00:00:00Z",
      architecture: "wasm",
      os: system,
      layerDigests: [layer?.digest],
      ...(kind === "module" ? {} : { component: names }),
    });
    assert.equal(layer?.digest, digestOf(content));
    assert.deepEqual((await ground.unpack()).argv, ["/hello.wasm"]);
  });
}

test("an artifact takes no further files", async () => {
  using ground = new Ground();
  const hostPath = ground.write("hello.wasm", emptyModule);
  const built = ground.build(hostPath, { format: "wasm-artifact", files: [{ hostPath, imagePath: "/a" }] });
  await assert.rejects(built, { code: "invalid-argument", message: /no further files/ });
});

function checkRefused(title: string, source: [name: string, content: string | Buffer], expected: object): void {
  test(`refused before anything is written: ${title}`, async () => {
    using ground = new Ground();
    await assert.rejects(ground.build(ground.write(...source)), { name: "KwasmError", ...expected });
    assert.deepEqual(readdirSync(ground.store.layout.blobsDirectory), []);
    assert.deepEqual(ground.store.list(), []);
  });
}

checkRefused("text", ["a.wat", "(module)"], { code: "invalid-argument", message: /wat2wasm/ });
checkRefused("a native program", ["a.out", "\x7fELF"], { code: "invalid-argument", message: /native/ });
checkRefused("half a preamble", ["a.wasm", emptyModule.subarray(0, 5)], { code: "invalid-argument" });

test("what is not there, and a name that is none, are refused", async () => {
  using ground = new Ground();
  await assert.rejects(ground.build(join(ground.cache, "absent.wasm")), { code: "not-found" });
  const source = ground.write("hello.wasm", emptyModule);
  await assert.rejects(ground.build(source, { name: "UPPER" }), { code: "invalid-argument" });
  const files = [{ hostPath: source, imagePath: "hello.wasm" }];
  await assert.rejects(ground.build(source, { files }), { code: "invalid-argument", message: /two files/ });
  const climbing = [{ hostPath: source, imagePath: "../x" }];
  await assert.rejects(ground.build(source, { files: climbing }), { code: "permission-denied" });
});

test("a folder of C is compiled by the clang of this machine, reproducibly", async () => {
  using ground = new Ground();
  const main = '#include <stdio.h>\n#include "word.h"\nint main(void) { puts(word()); return 0; }\n';
  const digests = [];
  for (const folder of ["one", "two"]) {
    ground.write(`${folder}/word.h`, "const char *word(void);\n");
    ground.write(`${folder}/word.c`, '#include "word.h"\nconst char *word(void) { return "hello"; }\n');
    const source = join(ground.write(`${folder}/main.c`, main), "..");
    digests.push((await ground.build(source)).descriptor.digest);
  }
  assert.equal(digests[0], digests[1]);
  assert.deepEqual((await ground.unpack()).argv, ["/app.wasm"]);
});

test("what the compiler says about a mistake is passed on", async () => {
  using ground = new Ground();
  const source = join(ground.write("c/main.c", "int main(void) { return missing; }\n"), "..");
  const message = /clang[^]*main\.c:1:25: error: use of undeclared identifier 'missing'/;
  await assert.rejects(ground.build(source), { code: "invalid-argument", message });
});

test("a folder of Go is compiled by the go of this machine", async () => {
  using ground = new Ground();
  ground.write("go/go.mod", "module example.com/hello\n\ngo 1.21\n");
  const source = join(ground.write("go/main.go", 'package main\n\nfunc main() { println("hello") }\n'), "..");
  await ground.build(source);
  assert.deepEqual((await ground.unpack()).argv, ["/app.wasm"]);
});
