import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { buildImage, openStore } from "#image";
import { buildSpinHello } from "../../examples/build-spin-hello.ts";
import type { Cluster } from "../cluster.ts";
import { isWholeRun } from "../clusters-under-test.ts";
import { askForwarded, execute } from "./first-steps.ts";

const manifest = join(import.meta.dirname, "spin-hello.yaml");
const example = join(import.meta.dirname, "../../../examples/rust/spin-hello");
const image = "ghcr.io/spinkube/containerd-shim-spin/examples/spin-rust-hello:v0.15.1";
const module = "target/wasm32-wasip1/release/spin_rust_hello.wasm";

/** What the module of each run answers: that of the example, or one of the same form that no compiler is needed for. */
const greeting = isWholeRun ? "Hello, Fermyon\n" : "as it was";

/**
 * Puts the application into the registry, laid out as the image that the manifest names: with the module of the example,
 * built from source, or with a given one.
 */
export async function publishSpinHello(cluster: Cluster, prebuilt?: Uint8Array): Promise<void> {
  const folder = join(cluster.directory, "spin-hello");
  if (prebuilt === undefined) await buildSpinHello(folder);
  else {
    mkdirSync(join(folder, dirname(module)), { recursive: true });
    cpSync(join(example, "spin.toml"), join(folder, "spin.toml"));
    writeFileSync(join(folder, module), prebuilt);
  }
  const store = openStore(join(cluster.directory, "spin-images"));
  const files = [{ hostPath: join(folder, "spin.toml"), imagePath: "/spin.toml" }];
  await buildImage({ source: join(folder, module), moduleName: module, name: image, store, files });
  await cluster.registry.push(store.layout.directory);
}

/** Users come with the manifest that KWasm's quickstart has, and change nothing in it. */
export async function runUnchanged(cluster: Cluster): Promise<void> {
  await cluster.kubectl("apply", "-f", manifest);
  await cluster.kubectl("rollout", "status", "deployment/wasm-spin", "--timeout=180s");
  assert.equal(await askForwarded(cluster, { pods: "deployment/wasm-spin", port: "80", path: "/hello" }), greeting);
  const addresses = "-o=jsonpath={.items[*].status.podIP}";
  const pods = (await cluster.kubectl("get", "pods", "--selector=app=wasm-spin", addresses)).split(" ");
  assert.equal(pods.length, 3);
  for (const address of pods) {
    assert.equal(await execute(cluster, "client", `busybox wget -q -O - http://${address}/hello`), greeting);
  }
  await cluster.kubectl("delete", "deployment/wasm-spin", "--timeout=180s");
}
