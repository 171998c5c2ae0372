import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { packLayer, sha256 } from "../../tools/images/layer.ts";
import { assembleImage, type BuiltImage, manifestType } from "../../tools/images/oci-layout.ts";
import { pushImage } from "../../tools/images/push-image.ts";
import { askUntil } from "../containerd/ask-until.ts";
import { openCachedFolder } from "../containerd/cached-folder.ts";
import { unpackPackages } from "../containerd/debian-packages.ts";
import { machineLauncher, type ServerProcess } from "./server-process.ts";

async function makeImage(content: string): Promise<BuiltImage> {
  const layers = [await packLayer([{ name: "file", content, mode: 0o644 }])];
  return assembleImage({ name: "a", title: "t", user: "65532:65532", entrypoint: ["/file"], layers }, "1");
}

async function get(url: string): Promise<Buffer> {
  const response = await fetch(url, { headers: { accept: manifestType } });
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

describe("an image that is pushed to Debian's registry", () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-push-"));
  let server: ServerProcess;
  let host = "";

  before(async () => {
    const list = { suite: "sid", packages: ["docker-registry"] };
    const root = await openCachedFolder(join("containerd", "registry"), (path) => unpackPackages([list], path));
    const rootdirectory = join(folder.path, "blobs");
    mkdirSync(rootdirectory);
    const configuration = join(folder.path, "registry.json");
    const http = { addr: "127.0.0.1:0" };
    writeFileSync(configuration, JSON.stringify({ version: 0.1, storage: { filesystem: { rootdirectory } }, http }));
    const launcher = machineLauncher(folder.path);
    server = launcher.launch("registry", [join(root, "usr/bin/docker-registry"), "serve", configuration]);
    host = await askUntil("a registry that listens", async () => {
      server.checkAlive();
      return /listening on (127\.0\.0\.1:\d+)/u.exec(readFileSync(join(folder.path, "registry.log"), "utf8"))?.[1];
    });
  });
  after(async () => {
    await server.kill("SIGKILL");
    folder.remove();
  });

  test("is there under its tag, with every blob", async () => {
    const image = await makeImage("one");
    await pushImage(image, `${host}/kwasm/a:1`);
    assert.equal(sha256(await get(`http://${host}/v2/kwasm/a/manifests/1`)), image.digest);
    for (const [digest, blob] of image.blobs) {
      assert.deepEqual(await get(`http://${host}/v2/kwasm/a/blobs/${digest}`), blob);
    }
  });

  test("may be pushed again, and another under the same tag takes its place", async () => {
    const [image, next] = [await makeImage("again"), await makeImage("next")];
    for (const one of [image, image, next]) {
      await pushImage(one, `${host}/kwasm/b:latest`);
      assert.equal(sha256(await get(`http://${host}/v2/kwasm/b/manifests/latest`)), one.digest);
    }
  });

  test("is refused by name where the name is none, and with the registry's words where it refuses", async () => {
    const image = await makeImage("refused");
    await assert.rejects(pushImage(image, "kwasm-operator"), { code: "invalid-argument", message: /HOST\/NAME:TAG/u });
    await assert.rejects(pushImage(image, `${host}/UPPER:1`), { code: "unavailable", message: /answered 404/u });
  });
});
