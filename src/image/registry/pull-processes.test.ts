import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { digestOf } from "../digest.ts";
import { openImage } from "../image.ts";
import { makeLayer, putTestImage, type TestLayer } from "../testing/make-image.ts";
import { unpackImage } from "../unpack/unpack.ts";
import { PullGround } from "./testing/pull-ground.ts";
import type { ScriptedRegistry } from "./testing/scripted-registry.ts";

function startPull(ground: PullGround, name: string): ChildProcess {
  const script = join(import.meta.dirname, "testing", "pull-main.ts");
  const words = ["--disable-warning=ExperimentalWarning", script, ground.store.layout.directory, name];
  return spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Resolves when the process prints the line, and lets it go on printing. */
async function printed(child: ChildProcess, line: string): Promise<void> {
  assert.ok(child.stdout);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lines = createInterface(child.stdout);
  lines.on("line", (text) => text === line && resolve());
  lines.on("close", () => reject(new Error(`"${line}" was not printed`)));
  await promise;
}

/** A registry whose one layer comes in two halves, the second when a test lets it. */
class HalvingRegistry {
  readonly layer: TestLayer;
  readonly registry: ScriptedRegistry;
  readonly ranges: (string | undefined)[] = [];
  readonly #held: ServerResponse[] = [];
  isHolding = true;

  static async start(ground: PullGround): Promise<HalvingRegistry> {
    const layer = await makeLayer([{ name: "data", content: Buffer.alloc(200_000, "x") }]);
    await putTestImage(ground.source, { layers: [layer] });
    return new HalvingRegistry(layer, await ground.serve());
  }

  constructor(layer: TestLayer, registry: ScriptedRegistry) {
    this.layer = layer;
    this.registry = registry;
    registry.script = ({ url = "", headers }, response) => {
      if (!url.endsWith(this.digest)) return false;
      this.ranges.push(headers.range);
      if (!this.isHolding) return false;
      response.writeHead(200, { "content-length": layer.bytes.length });
      response.write(layer.bytes.subarray(0, 100_000));
      this.#held.push(response);
      return true;
    };
  }

  get digest(): string {
    return digestOf(this.layer.bytes);
  }

  release(): void {
    for (const response of this.#held) response.end(this.layer.bytes.subarray(100_000));
  }
}

test("a pull that was killed leaves a store in order, and the next one continues it", async () => {
  await using ground = new PullGround();
  const halving = await HalvingRegistry.start(ground);
  const name = `${halving.registry.host}/app:v1`;
  const child = startPull(ground, name);
  await printed(child, `blob-bytes ${halving.digest}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(ground.store.list(), []);
  halving.isHolding = false;
  await ground.pull(name);
  assert.match(halving.ranges[1] ?? "", /^bytes=[1-9][0-9]*-$/);
  const image = await openImage({ kind: "store", store: ground.store, name });
  await unpackImage(image, join(ground.directory, "unpacked"));
});

test("two processes that pull one image share the work, and one that is killed hands it on", async () => {
  for (const isKilled of [false, true]) {
    await using ground = new PullGround();
    const halving = await HalvingRegistry.start(ground);
    const first = startPull(ground, `${halving.registry.host}/app:v1`);
    await printed(first, `blob-bytes ${halving.digest}`);
    const second = startPull(ground, `${halving.registry.host}/app:v2`);
    const ended = once(second, "exit");
    await printed(second, `blob-started ${halving.digest}`);
    halving.isHolding = false;
    if (isKilled) first.kill("SIGKILL");
    else halving.release();
    assert.deepEqual(await ended, [0, null]);
    if (first.exitCode === null && first.signalCode === null) await once(first, "exit");
    assert.equal(halving.ranges.length, isKilled ? 2 : 1);
    assert.equal(ground.store.list().length, isKilled ? 1 : 2);
  }
});
