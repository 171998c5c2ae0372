import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import packageManifest from "../../package.json" with { type: "json" };
import { buildImages } from "../../tools/images/build-images.ts";
import { assembleImage, type BuiltImage } from "../../tools/images/oci-layout.ts";
import { shimNames } from "../../tools/layout/write-layout.ts";
import { KwasmCommand } from "../command-fixture.ts";
import { askUntil } from "./ask-until.ts";
import { startContainerd } from "./rig.ts";

const execute = promisify(execFile);

/** More than all the files of an image. */
const OUTPUT_BYTES_MAX = 1 << 20;

const kwasm = new KwasmCommand();
const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-images-test-"));
test.after(async () => {
  folder.remove();
  await kwasm[Symbol.asyncDispose]();
});

const { version } = packageManifest;
// Of the sources as they are: on a fresh clone there is no bundle yet.
execFileSync(join(import.meta.dirname, "../../tools/prepare"), ["--bundle"], {
  stdio: ["ignore", "ignore", "inherit"],
});
const images = await buildImages(folder.path, version);

function imageNamed(name: string): BuiltImage {
  const image = images.find((one) => one.name === name);
  assert.ok(image !== undefined, name);
  return image;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

interface Config {
  readonly created: string;
  readonly config: { readonly User: string; readonly Entrypoint: readonly string[] };
}

function readJson(name: string, digest: string): unknown {
  const path = join(folder.path, name, "blobs", digest.replace(":", "/"));
  return JSON.parse(readFileSync(path, "utf8"));
}

function readImage(name: string) {
  // Both are JSON of our own making, in the shapes of the image specification.
  const manifest = readJson(name, imageNamed(name).digest) as Manifest;
  const config = readJson(name, manifest.config.digest) as Config;
  const layers = manifest.layers.map(({ digest }) => join(folder.path, name, "blobs", digest.replace(":", "/")));
  return { manifest, layers, config };
}

/** Unpacks an image as containerd does, layer upon layer. */
async function unpack(name: string): Promise<{ path: string; remove: () => void }> {
  const root = mkdtempDisposableSync(join(folder.path, `${name}-root-`));
  for (const layer of readImage(name).layers) {
    await execute("tar", ["--extract", "--gzip", "--no-same-owner", "--file", layer, "--directory", root.path]);
  }
  return root;
}

async function listFiles(root: string): Promise<readonly string[]> {
  const { stdout } = await execute("find", [".", "-type", "f", "-printf", "%P\\n"], {
    cwd: root,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return stdout.trim().split("\n").toSorted();
}

describe("the images", () => {
  test("are those that the chart and the guide name", () => {
    assert.deepEqual(
      images.map(({ name }) => name),
      ["kwasm-operator", "kwasm-node-installer", "kwasm-runtime"],
    );
  });

  test("say nothing of the hour, so that the same files make the same digest", () => {
    for (const { name } of images) assert.equal(readImage(name).config.created, "1970-01-01T00:00:00Z");
    const description = { name: "a", title: "t", user: "0:0", entrypoint: ["/a"], layers: [] };
    assert.equal(assembleImage(description, "1").digest, assembleImage(description, "1").digest);
    assert.notEqual(assembleImage(description, "1").digest, assembleImage(description, "2").digest);
  });

  test("run as nobody, except for the one that changes nodes", () => {
    const users = images.map(({ name }) => readImage(name).config.config.User);
    assert.deepEqual(users, ["65532:65532", "0:0", "65532:65532"]);
  });

  test("list what they are made of: Node, the C library and the packages that are bundled", async () => {
    const root = await unpack("kwasm-operator");
    const list = readFileSync(join(root.path, "usr/share/sbom/kwasm.spdx.json"), "utf8");
    // SPDX 2.3 of our own making.
    const { spdxVersion, packages } = JSON.parse(list) as { spdxVersion: string; packages: { name: string }[] };
    assert.equal(spdxVersion, "SPDX-2.3");
    const names = packages.map(({ name }) => name);
    for (const name of [`node-linux-${process.arch}`, "libc6", ...Object.keys(packageManifest.dependencies)]) {
      assert.ok(names.includes(name), `${name} in ${names.join(" ")}`);
    }
    const development = Object.keys(packageManifest.devDependencies);
    assert.deepEqual(
      names.filter((name) => development.includes(name)),
      [],
    );
  });
});

describe("the installer's image", () => {
  test("has the layout with a shim for every handler, the program that enters the host, and the probe", async () => {
    const root = await unpack("kwasm-node-installer");
    const files = await listFiles(root.path);
    const layout = readFileSync(join(root.path, "assets/kwasm/lib/kwasm/current"), "utf8").trim();
    const programs = ["bin/node", "installer.js", "operator.js", "shim.js", "cell.js", "keeper.js"];
    const expected = [
      "probe.wasm",
      "usr/bin/nsenter",
      ...shimNames.map((name) => `assets/kwasm/bin/${name}`),
      ...programs.map((name) => `assets/kwasm/lib/kwasm/${layout}/${name}`),
    ];
    assert.deepEqual(
      expected.filter((name) => !files.includes(name)),
      [],
    );
    assert.deepEqual(
      files.filter((name) => /(?:^|\/)(?:sh|bash|busybox|apt|dpkg|apk)$/u.test(name)),
      [],
    );
  });

  test("has a probe that our engine runs", async () => {
    const root = await unpack("kwasm-node-installer");
    kwasm.write("probe.wasm", readFileSync(join(root.path, "probe.wasm")));
    await kwasm.check("run probe.wasm", { stdout: "Wasm pods can start on this node\n" }, { cwd: kwasm.directory });
  });

  test("starts, and enters namespaces, in a root that has nothing else", async () => {
    const root = await unpack("kwasm-node-installer");
    const { stdout } = await execute("chroot", [root.path, "/usr/bin/nsenter", "--version"]);
    assert.match(stdout, /^nsenter from util-linux/u);
  });
});

test("containerd imports every image from its archive and runs what is in it", async () => {
  await using rig = await startContainerd({ version: "2" });
  for (const { name } of images) {
    const archive = join(folder.path, `${name}.tar`);
    await rig.ctr("images", "import", archive);
    rmSync(archive);
    const reference = `ghcr.io/kwasm/${name}:${version}`;
    const status = await askUntil(`image "${reference}" in CRI`, async () => {
      return (await rig.cri.call("ImageService/ImageStatus", { image: { image: reference } })).image;
    });
    assert.equal(status.id, readImage(name).manifest.config.digest);
    const start = readImage(name).config.config.Entrypoint.slice(0, -2);
    const printed = await rig.ctr("run", "--rm", reference, name, ...start, "--version");
    assert.equal(printed.trim(), process.version);
  }
});
