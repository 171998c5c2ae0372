import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { imageLimits, type ImageLimits } from "../limits.ts";
import { makeLayer, type TestEntry, type TestLayer } from "../testing/make-image.ts";
import { UnpackBudget } from "./budget.ts";
import type { Compression } from "./compression.ts";
import { applyLayer } from "./layer.ts";

/** A folder with a root to unpack into, and a file beside it that must never change. */
class Ground implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-layer-"));
  readonly root = join(this.#directory.path, "root");
  readonly #outside = join(this.#directory.path, "outside");

  constructor() {
    mkdirSync(this.root);
    writeFileSync(this.#outside, "untouched");
  }

  async apply(layer: TestLayer, limits: Partial<ImageLimits> = {}, compression: Compression = "none"): Promise<void> {
    const path = join(this.#directory.path, "layer");
    writeFileSync(path, layer.bytes);
    const budget = new UnpackBudget({ ...imageLimits, ...limits });
    await applyLayer({ path, compression, diffId: undefined }, this.root, budget);
  }

  /** Files of the root by path; directories end in a slash, links show their target's text as `->`. */
  tree(): Readonly<Record<string, string>> {
    const entries = readdirSync(this.root, { recursive: true, withFileTypes: true });
    const rows = entries.map((entry): readonly [string, string] => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(this.root.length + 1);
      if (entry.isDirectory()) return [`${name}/`, ""];
      return [name, entry.isFile() ? readFileSync(path, "utf8") : "->"];
    });
    return Object.fromEntries(rows);
  }

  checkOutside(): void {
    assert.equal(readFileSync(this.#outside, "utf8"), "untouched");
    assert.deepEqual(readdirSync(this.#directory.path).sort(), ["layer", "outside", "root"]);
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

function file(name: string, content = "x"): TestEntry {
  return { name, content };
}

function checkUnpacked(
  title: string,
  layers: readonly TestEntry[][],
  expected: Readonly<Record<string, string>>,
): void {
  test(title, async () => {
    using ground = new Ground();
    for (const entries of layers) await ground.apply(await makeLayer(entries));
    assert.deepEqual(ground.tree(), expected);
    ground.checkOutside();
  });
}

checkUnpacked("parents that a layer does not list are made", [[file("./a//b/c.wasm")]], {
  "a/": "",
  "a/b/": "",
  "a/b/c.wasm": "x",
});
checkUnpacked(
  "an upper layer replaces a file, and a folder by a file",
  [
    [file("a", "old"), file("d/e")],
    [file("a", "new"), file("d", "file")],
  ],
  { a: "new", d: "file" },
);
checkUnpacked("a later entry of one name wins", [[file("a", "1"), file("a", "2")]], { a: "2" });
checkUnpacked(
  "a whiteout removes what lower layers have",
  [
    [file("a"), file("d/e"), file("d/f")],
    [file(".wh.a", ""), file("d/.wh.e", "")],
  ],
  { "d/": "", "d/f": "x" },
);
checkUnpacked(
  "an opaque whiteout hides lower files and keeps its own layer's, before and after it",
  [
    [file("d/low"), file("d/s/low")],
    [file("d/s/own"), file("d/.wh..wh..opq", ""), file("d/own")],
  ],
  { "d/": "", "d/own": "x", "d/s/": "", "d/s/own": "x" },
);
checkUnpacked("a whiteout never removes what its own layer wrote", [[file("a"), file(".wh.a", "")]], { a: "x" });
checkUnpacked(
  "a whiteout of nothing and bookkeeping of aufs do nothing",
  [[file(".wh.absent", ""), file(".wh..wh.plnk", ""), file("gone/.wh..wh..opq", "")]],
  { "gone/": "" },
);
checkUnpacked(
  "a hard link shares its target's content",
  [[file("a", "same"), { name: "b", type: "link", linkname: "./a" }]],
  { a: "same", b: "same" },
);
checkUnpacked(
  "a link replaces a file instead of writing through it",
  [[{ name: "l", type: "symlink", linkname: "../outside".slice(3) }], [file("l", "a file now")]],
  { l: "a file now" },
);

function checkRefused(title: string, entries: readonly TestEntry[], expected: { code: string; message: RegExp }): void {
  test(`refused: ${title}`, async () => {
    using ground = new Ground();
    await assert.rejects(ground.apply(await makeLayer(entries)), { name: "KwasmError", ...expected });
    ground.checkOutside();
  });
}

function escape(name: string): { code: string; message: RegExp } {
  return { code: "permission-denied", message: new RegExp(`entry "${RegExp.escape(name)}`) };
}

checkRefused("an absolute name", [file("/etc/passwd")], escape("/etc/passwd"));
checkRefused("a name that climbs", [file("../outside")], escape("../outside"));
checkRefused("a name that climbs later", [file("a/../../outside")], escape("a/../../outside"));
checkRefused(
  "a file below a link",
  [{ name: "d", type: "symlink", linkname: "e" }, file("e/x"), file("d/outside")],
  escape("d/outside"),
);
checkRefused("a link that climbs out", [{ name: "a/l", type: "symlink", linkname: "../../outside" }], escape("a/l"));
checkRefused("a link without target", [{ name: "l", type: "symlink", linkname: "" }], escape("l"));
checkRefused("a hard link out", [{ name: "l", type: "link", linkname: "../outside" }], escape("../outside"));
checkRefused("an absolute hard link", [{ name: "l", type: "link", linkname: "/etc/passwd" }], escape("/etc/passwd"));
checkRefused("a hard link to nothing", [{ name: "l", type: "link", linkname: "absent" }], escape("l"));
checkRefused(
  "a hard link to a link",
  [
    { name: "s", type: "symlink", linkname: "x" },
    { name: "l", type: "link", linkname: "s" },
  ],
  escape("l"),
);
checkRefused("a character device", [{ name: "dev/null", type: "character-device" }], escape("dev/null"));
checkRefused("a block device", [{ name: "sda", type: "block-device" }], escape("sda"));
checkRefused("a pipe", [{ name: "pipe", type: "fifo" }], escape("pipe"));
checkRefused("a whiteout of the parent", [file("d/.wh...", "")], escape("d/.wh..."));
checkRefused("a whiteout of nothing", [file("d/.wh.", "")], escape("d/.wh."));
checkRefused(
  "a whiteout below a link",
  [{ name: "d", type: "symlink", linkname: "e" }, file("d/.wh.outside", "")],
  escape("d/outside"),
);
checkRefused("a sparse file", [{ ...file("s"), pax: { "GNU.sparse.realsize": "99999999" } }], escape("s"));
checkRefused("a file as the root", [file("./.", "x")], escape("/"));
checkRefused("a name of 256 bytes", [file("n".repeat(256))], { code: "limit-exceeded", message: /255 bytes/ });
checkRefused("101 folders", [file("d/".repeat(101))], { code: "limit-exceeded", message: /100 folders/ });

test("an absolute link is made relative, so that it stays in the image", async () => {
  using ground = new Ground();
  const links = [{ name: "a/b/l", type: "symlink", linkname: "/c" }] as const;
  await ground.apply(await makeLayer([file("c", "inside"), ...links]));
  assert.equal(readFileSync(join(ground.root, "a/b/l"), "utf8"), "inside");
});

test("setuid, setgid and sticky bits are dropped, and the owner can always read", async () => {
  using ground = new Ground();
  await ground.apply(
    await makeLayer([
      { ...file("a"), mode: 0o6755 },
      { ...file("b"), mode: 0 },
    ]),
  );
  assert.equal(lstatSync(join(ground.root, "a")).mode & 0o7000, 0);
  assert.equal(readFileSync(join(ground.root, "b"), "utf8"), "x");
});

function checkLimit(title: string, entries: readonly TestEntry[], limits: Partial<ImageLimits>): void {
  test(`limited: ${title}`, async () => {
    using ground = new Ground();
    await assert.rejects(ground.apply(await makeLayer(entries, "+gzip"), limits, "gzip"), { code: "limit-exceeded" });
    ground.checkOutside();
  });
}

checkLimit("a decompression bomb", [file("zeros", "\0".repeat(2 ** 20))], { unpackedBytesMax: 2 ** 16 });
checkLimit("many small files together", [file("a"), file("b"), file("c")], { unpackedBytesMax: 1024 });
checkLimit("entries", [file("a"), file("b")], { entriesMax: 1 });
checkLimit("folders that nobody listed", [file("a/b/c/d")], { entriesMax: 3 });

function checkDamaged(title: string, bytes: Buffer, compression: Compression): void {
  test(`damaged: ${title}`, async () => {
    using ground = new Ground();
    await assert.rejects(ground.apply({ mediaType: "", bytes }, {}, compression), { code: "corrupt" });
  });
}

const plain = await makeLayer([file("a", "x".repeat(3000))]);
checkDamaged("an archive that ends in a file", plain.bytes.subarray(0, 1000), "none");
checkDamaged("an archive that ends in a header", plain.bytes.subarray(0, 300), "none");
checkDamaged("no archive", Buffer.alloc(2048, "no archive"), "none");
checkDamaged("no gzip", plain.bytes, "gzip");
checkDamaged("no zstd", plain.bytes, "zstd");
checkDamaged(
  "a gzip that ends early",
  (await makeLayer([file("a", "x".repeat(3000))], "+gzip")).bytes.subarray(0, 60),
  "gzip",
);

test("an archive with another digest than the config says is refused", async () => {
  using ground = new Ground();
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-layer-"));
  const path = join(directory.path, "layer");
  writeFileSync(path, plain.bytes);
  const diffId = `sha256:${"0".repeat(64)}` as const;
  const applied = applyLayer({ path, compression: "none", diffId }, ground.root, new UnpackBudget(imageLimits));
  await assert.rejects(applied, { code: "corrupt", message: /config calls it/ });
});

const segment = fc.constantFrom("a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", "outside", "\0");
const path = fc.tuple(fc.constantFrom("", "/", "../"), fc.array(segment, { minLength: 1, maxLength: 4 }));
const type = fc.constantFrom("file", "directory", "symlink", "link", "fifo");
const entry = fc.tuple(type, path, path).map(makeHostileEntry);

type HostilePath = readonly [start: string, segments: readonly string[]];

function makeHostileEntry([kind, name, target]: readonly [string, HostilePath, HostilePath]): TestEntry {
  const header = { name: name[0] + name[1].join("/"), type: kind as "file", mode: 0o644 };
  if (kind === "file") return { ...header, content: "hostile" };
  return { ...header, linkname: target[0] + target[1].join("/") };
}

test("no sequence of entries touches anything outside of the root, and failures are typed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 6 }), { maxLength: 3 }), async (layers) => {
      using ground = new Ground();
      await ground.apply(await makeLayer([]));
      for (const entries of layers) {
        try {
          await ground.apply(await makeLayer(entries));
        } catch (error) {
          assert.ok(error instanceof KwasmError, String(error));
        }
      }
      ground.checkOutside();
    }),
    { numRuns: 150 },
  );
});
