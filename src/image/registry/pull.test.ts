import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type ErrorCode, KwasmError } from "#base";
import { digestOf, hexOf } from "../digest.ts";
import { openImage } from "../image.ts";
import { imageLimits } from "../limits.ts";
import type { StoredImage } from "../store/store.ts";
import { emptyModule, makeLayer, putTestImage, type TestImage, type TestLayer } from "../testing/make-image.ts";
import { unpackImage } from "../unpack/unpack.ts";
import type { RegistryLimits } from "./limits.ts";
import { PullGround } from "./testing/pull-ground.ts";
import type { Script } from "./testing/scripted-registry.ts";

const LAYER_BYTES = 300_000;

/** A layer that several chunks carry. */
function largeLayer(fill: string): Promise<TestLayer> {
  return makeLayer([
    { name: "app.wasm", content: emptyModule },
    { name: `data-${fill}`, content: Buffer.alloc(LAYER_BYTES, fill) },
  ]);
}

async function filesOf(ground: PullGround, name: string): Promise<readonly string[]> {
  const image = await openImage({ kind: "store", store: ground.store, name });
  const { root } = await unpackImage(image, join(ground.directory, "unpacked"));
  return readdirSync(root).sort();
}

/** Nothing of a download is left in the store but what images need. */
function leftovers({ store }: PullGround): readonly string[] {
  return ["downloads", "ingest"].flatMap((name) => readdirSync(join(store.layout.directory, name)));
}

async function putLarge(ground: PullGround, image: TestImage = {}): Promise<StoredImage> {
  return putTestImage(ground.source, { layers: [await largeLayer("a"), await largeLayer("b")], ...image });
}

test("an image is pulled with its layers, and again without them", async () => {
  await using ground = new PullGround();
  const source = await putLarge(ground);
  const registry = await ground.serve();
  const name = `${registry.host}/team/app:v1`;
  const image = await ground.pull(name);
  assert.equal(image.name, name);
  assert.equal(image.descriptor.digest, source.descriptor.digest);
  assert.deepEqual(await filesOf(ground, name), ["app.wasm", "data-a", "data-b"]);
  assert.deepEqual(leftovers(ground), []);
  const blobs = registry.countOf("GET /v2/team/app/blobs/");
  await ground.pull(name);
  assert.equal(registry.countOf("GET /v2/team/app/blobs/"), blobs);
});

test("of an index the platform for Wasm is pulled, or the one that was asked for", async () => {
  await using ground = new PullGround();
  const platforms = ["linux/amd64", "linux/arm64", "wasip1/wasm"].map((text) => {
    const [os = "", architecture = ""] = text.split("/");
    return { os, architecture };
  });
  await putTestImage(ground.source, { platforms });
  const { host } = await ground.serve();
  await ground.pull(`${host}/app:v1`);
  assert.equal((await openImage({ kind: "store", store: ground.store, name: `${host}/app:v1` })).config.os, "wasip1");
  await ground.pull(`${host}/app:arm`, { platform: { os: "linux", architecture: "arm64" } });
  const arm = await openImage({ kind: "store", store: ground.store, name: `${host}/app:arm` });
  assert.equal(arm.config.architecture, "arm64");
  const absent = ground.pull(`${host}/app:v2`, { platform: { os: "plan9", architecture: "mips" } });
  await assert.rejects(absent, { code: "not-found", message: /linux\/amd64/ });
});

test("a name with a digest is kept under it, and needs no registry once it is whole", async () => {
  await using ground = new PullGround();
  const { descriptor } = await putLarge(ground);
  const registry = await ground.serve();
  const name = `${registry.host}/app@${descriptor.digest}`;
  assert.equal((await ground.pull(name)).name, name);
  const asked = registry.asked.length;
  assert.equal((await ground.pull(name)).descriptor.digest, descriptor.digest);
  assert.equal(registry.asked.length, asked);
});

test("two pulls of one image at once fetch each blob once", async () => {
  await using ground = new PullGround();
  await putLarge(ground);
  const registry = await ground.serve();
  await Promise.all(["a", "b", "c"].map((tag) => ground.pull(`${registry.host}/app:${tag}`)));
  assert.equal(registry.countOf("GET /v2/app/blobs/"), 3);
  assert.deepEqual(leftovers(ground), []);
});

/** Sends half of what an honest registry would, then cuts the connection. */
function cutInTheMiddle(content: Buffer, response: ServerResponse): boolean {
  response.writeHead(200, { "content-length": content.length });
  response.write(content.subarray(0, content.length / 2), () => response.destroy());
  return true;
}

test("a layer that is cut is continued where it was cut", async () => {
  await using ground = new PullGround();
  const layer = await largeLayer("a");
  await putTestImage(ground.source, { layers: [layer] });
  const registry = await ground.serve();
  const ranges: (string | undefined)[] = [];
  registry.script = (request, response) => {
    if (!isLayer(request, layer)) return false;
    ranges.push(request.headers.range);
    return ranges.length === 1 && cutInTheMiddle(layer.bytes, response);
  };
  await ground.pull(`${registry.host}/app`);
  assert.equal(ranges.length, 2);
  assert.match(ranges[1] ?? "", /^bytes=[1-9][0-9]*-$/);
});

test("a registry that ignores Range sends the layer anew", async () => {
  await using ground = new PullGround();
  const layer = await largeLayer("a");
  await putTestImage(ground.source, { layers: [layer] });
  const registry = await ground.serve();
  let count = 0;
  registry.script = (request, response) => {
    if (!isLayer(request, layer)) return false;
    count += 1;
    if (count === 1) return cutInTheMiddle(layer.bytes, response);
    response.writeHead(200, { "content-length": layer.bytes.length }).end(layer.bytes);
    return true;
  };
  await ground.pull(`${registry.host}/app`);
  assert.deepEqual(await filesOf(ground, `${registry.host}/app`), ["app.wasm", "data-a"]);
});

test("what a killed pull left is continued, and is dropped where it is something else", async () => {
  for (const left of ["start", "other"] as const) {
    await using ground = new PullGround();
    const layer = await largeLayer("a");
    const { descriptor } = await putTestImage(ground.source, { layers: [layer] });
    const registry = await ground.serve();
    const image = await openImage({ kind: "store", store: ground.source, name: "test" });
    const [{ digest } = descriptor] = image.manifest.layers;
    const content = left === "start" ? layer.bytes.subarray(0, 1000) : Buffer.alloc(layer.bytes.length, 7);
    const downloads = join(ground.store.layout.directory, "downloads");
    mkdirSync(downloads);
    writeFileSync(join(downloads, `${hexOf(digest)}.left`), content);
    await ground.pull(`${registry.host}/app`);
    assert.deepEqual(await filesOf(ground, `${registry.host}/app`), ["app.wasm", "data-a"]);
    assert.deepEqual(leftovers(ground), []);
  }
});

function isLayer({ url = "" }: IncomingMessage, { bytes }: TestLayer): boolean {
  return url.includes("/blobs/") && url.endsWith(digestText(bytes));
}

function digestText(bytes: Buffer): string {
  return hexOf(digestOf(bytes));
}

interface Hostile {
  readonly script: (layer: TestLayer, ground: PullGround) => Script | Promise<Script>;
  readonly limits?: Partial<RegistryLimits>;
  readonly code: ErrorCode;
  readonly message?: RegExp;
}

/** Each ends in an error of its own, and leaves no image. */
function checkHostile(title: string, { script, limits = {}, code, message = /./ }: Hostile): void {
  test(`hostile registry: ${title}`, async () => {
    await using ground = new PullGround();
    const layer = await largeLayer("a");
    await putTestImage(ground.source, { layers: [layer] });
    const registry = await ground.serve();
    registry.script = await script(layer, ground);
    const pulled = ground.pull(`${registry.host}/app`, { access: ground.access(limits) });
    await assert.rejects(pulled, (error) => {
      assert.ok(error instanceof KwasmError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(ground.store.list(), []);
    assert.deepEqual(readdirSync(join(ground.store.layout.directory, "ingest")), []);
  });
}

function answerWith(matches: RegExp, answer: (response: ServerResponse) => void): Script {
  return ({ url = "" }, response) => {
    if (!matches.test(url)) return false;
    answer(response);
    return true;
  };
}

function* chunksWithoutEnd(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536, 1);
}

/** Sends for ever, as fast as it is read. */
function sendWithoutEnd(response: ServerResponse): void {
  // It ends with the connection, which is an error to the pipe and the end to the test.
  Readable.from(chunksWithoutEnd()).pipe(response.on("error", () => response.destroy()));
}

checkHostile("a layer that is something else", {
  script: (layer) => answerWith(/blobs/, (response) => void response.end(Buffer.alloc(layer.bytes.length))),
  code: "corrupt",
});
checkHostile("a layer without end", {
  script: (layer) => (request, response) => {
    if (!isLayer(request, layer)) return false;
    response.writeHead(200);
    sendWithoutEnd(response);
    return true;
  },
  code: "corrupt",
  message: /more came than/,
});
checkHostile("a manifest without end", {
  script: () => answerWith(/manifests/, (response) => sendWithoutEnd(response)),
  code: "limit-exceeded",
});
checkHostile("a manifest that is not what its header says", {
  script: () =>
    answerWith(/manifests/, (response) => {
      const headers = { "docker-content-digest": `sha256:${"1".repeat(64)}` };
      response.writeHead(200, headers).end('{"mediaType":"application/vnd.oci.image.manifest.v1+json"}');
    }),
  code: "corrupt",
  message: /announced/,
});
checkHostile("a manifest of an old type", {
  script: () => answerWith(/manifests/, (response) => void response.end('{"schemaVersion":1}')),
  code: "unsupported",
});
checkHostile("a manifest of ten million layers' worth of depth", {
  script: () =>
    answerWith(/manifests/, (response) => {
      const type = "application/vnd.oci.image.manifest.v1+json";
      response.writeHead(200, { "content-type": type }).end("[".repeat(2_000_000));
    }),
  code: "corrupt",
});
checkHostile("more layers than an image has", {
  script: () =>
    answerWith(/manifests/, (response) => {
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const blob = { mediaType: "x", digest: `sha256:${"2".repeat(64)}`, size: 1 };
      const layers = Array.from({ length: imageLimits.layersMax + 1 }, () => blob);
      response.end(JSON.stringify({ mediaType, config: blob, layers }));
    }),
  code: "limit-exceeded",
});
checkHostile("an image of more bytes than are taken", {
  script: () => () => false,
  limits: { imageBytesMax: LAYER_BYTES },
  code: "limit-exceeded",
});
checkHostile("silence after a few bytes", {
  script: (layer) => (request, response) => {
    if (!isLayer(request, layer)) return false;
    response.writeHead(200, { "content-length": layer.bytes.length }).flushHeaders();
    return true;
  },
  limits: { stallMs: 50, attemptsMax: 2 },
  code: "deadline-exceeded",
});
checkHostile("silence from the beginning", {
  script: () => answerWith(/manifests/, () => undefined),
  limits: { stallMs: 50, attemptsMax: 2 },
  code: "deadline-exceeded",
});
checkHostile("too many requests for ever", {
  script: () => answerWith(/blobs/, (response) => void response.writeHead(429, { "retry-after": "1" }).end()),
  code: "unavailable",
  message: /429/,
});
checkHostile("too many requests, come back next year", {
  script: () => answerWith(/blobs/, (response) => void response.writeHead(429, { "retry-after": "31536000" }).end()),
  code: "unavailable",
  message: /31536000 seconds/,
});
checkHostile("redirects in a circle", {
  script: () =>
    answerWith(/./, (response) => void response.writeHead(307, { location: "/v2/app/manifests/latest" }).end()),
  code: "limit-exceeded",
  message: /redirected/,
});
checkHostile("a redirect to what is no web address", {
  script: () => answerWith(/manifests/, (response) => void response.writeHead(307, { location: "file:///etc" }).end()),
  code: "corrupt",
});
checkHostile("headers without end", {
  script: () =>
    answerWith(/manifests/, (response) => void response.writeHead(200, { "x-long": "x".repeat(20_000) }).end()),
  limits: { headerBytesMax: 16_384 },
  code: "limit-exceeded",
});
checkHostile("an error page of a thousand lines with control characters", {
  script: () =>
    answerWith(/manifests/, (response) => {
      const message = `\u001b[31m${"line\n".repeat(1000)}`;
      response.writeHead(403).end(JSON.stringify({ errors: [{ code: "DENIED", message }] }));
    }),
  code: "permission-denied",
  message: /^\P{C}{1,600}$/u,
});

test("a wait that the registry asks for is kept, others grow", async () => {
  await using ground = new PullGround();
  await putLarge(ground);
  const registry = await ground.serve();
  let count = 0;
  registry.script = ({ url = "" }, response) => {
    if (!url.includes("/manifests/")) return false;
    count += 1;
    if (count > 3) return false;
    response.writeHead(count === 1 ? 429 : 503, count === 1 ? { "retry-after": "7" } : {}).end();
    return true;
  };
  await ground.pull(`${registry.host}/app`);
  assert.deepEqual(ground.clock.waitsMs, [7000, 1000, 2000]);
});

test("credentials do not follow a redirect to another host", async () => {
  await using ground = new PullGround();
  await putLarge(ground);
  const registry = await ground.serve();
  const other = await ground.serve();
  const seen: (string | undefined)[] = [];
  other.script = ({ headers }) => {
    seen.push(headers.authorization);
    return false;
  };
  registry.script = ({ url = "", headers }, response) => {
    if (url === "/v2/") return false;
    if (headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
      return true;
    }
    if (!url.includes("/blobs/")) return false;
    response.writeHead(307, { location: `http://${other.host}${url}` }).end();
    return true;
  };
  const credentials = { kind: "password", username: "ada", password: "secret" } as const;
  await ground.pull(`${registry.host}/app`, { credentials: () => Promise.resolve(credentials) });
  assert.deepEqual(seen, [undefined, undefined, undefined]);
});

test("a wrong password is not in the error", async () => {
  await using ground = new PullGround();
  const registry = await ground.serve();
  registry.script = answerWith(/app/, (response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
  });
  const credentials = { kind: "password", username: "ada", password: "secret" } as const;
  const pulled = ground.pull(`${registry.host}/app`, { credentials: () => Promise.resolve(credentials) });
  await assert.rejects(pulled, (error) => {
    assert.ok(error instanceof KwasmError);
    assert.equal(error.code, "permission-denied");
    const text = JSON.stringify([error.message, error.stack, String(error.cause)]);
    assert.doesNotMatch(text, /secret|YWRhOnNlY3JldA/);
    return true;
  });
});
