import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmError } from "#base";
import { buildImage, openStore, type PullSecret } from "#image";

import { createContainerImages, type ImageWish } from "./container-images.ts";

const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

interface Asked {
  readonly name: string;
  readonly policy: ImageWish["policy"];
  /** Names of images that the store has. */
  readonly present?: readonly string[];
}

interface Expected {
  readonly isPulled: boolean;
  readonly code?: string;
}

/** The registry has every image whose name has a registry. */
function check({ name, policy, present = [] }: Asked, { isPulled, code }: Expected): void {
  const title = `${name} by policy ${policy} with ${present.join(", ") || "nothing"} in the store`;
  test(`${title} is ${isPulled ? "" : "not "}pulled${code === undefined ? "" : `, and ${code}`}`, async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-pull-"));
    const source = join(directory.path, "app.wasm");
    writeFileSync(source, emptyModule);
    const store = openStore(join(directory.path, "images"));
    for (const image of present) await buildImage({ source, name: image, store });
    const pulled: string[] = [];
    const secret: PullSecret = { name: "s", type: "t", data: new Map() };
    const images = createContainerImages(store, join(directory.path, "unpacked"), async (asked, secrets) => {
      assert.deepEqual(secrets, [secret]);
      pulled.push(asked);
      if (!asked.includes("/")) throw new KwasmError("invalid-argument", "a Secret is malformed");
      await buildImage({ source, name: asked, store });
    });
    let announced = 0;
    const wish: ImageWish = {
      policy,
      secrets: () => [secret],
      signal: new AbortController().signal,
      onPull: () => void (announced += 1),
    };
    if (code === undefined) await images.open(name, wish);
    else await assert.rejects(images.open(name, wish), { name: "KwasmError", code, message: new RegExp(name) });
    assert.deepEqual(pulled, isPulled ? [name] : []);
    assert.equal(announced, pulled.length);
  });
}

const remote = "registry.example/app:v1";
check({ name: remote, policy: "IfNotPresent" }, { isPulled: true });
check({ name: remote, policy: "IfNotPresent", present: [remote] }, { isPulled: false });
check({ name: remote, policy: "Always", present: [remote] }, { isPulled: true });
check({ name: remote, policy: "Never", present: [remote] }, { isPulled: false });
check({ name: remote, policy: "Never" }, { isPulled: false, code: "not-found" });
check({ name: "app", policy: "Always", present: ["app"] }, { isPulled: false });
check({ name: "app", policy: "IfNotPresent" }, { isPulled: true, code: "failed-precondition" });
check({ name: "localhost/app", policy: "Always" }, { isPulled: false, code: "not-found" });
check({ name: "App", policy: "Always" }, { isPulled: false, code: "invalid-argument" });
