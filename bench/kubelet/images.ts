import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildImage, openStore } from "#image";

import { writeNativeLayout } from "../../e2e/containerd/native-image.ts";
import { openPrefix } from "../../e2e/containerd/prefix.ts";
import { assembleGuest } from "../measure/assemble.ts";
import type { Cluster } from "./cluster.ts";

const tree = join(import.meta.dirname, "../..");

/** Guests of bench/guests that become images of their names. */
const guests = ["idle", "hello", "hungry", "large"] as const;

/** Puts the images that are measured onto the node, Wasm and native ones. */
export async function importImages(cluster: Cluster): Promise<void> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
  const store = openStore(join(scratch.path, "images"));
  for (const guest of guests) {
    const source = join(scratch.path, `${guest}.wasm`);
    writeFileSync(source, assembleGuest(guest));
    await buildImage({ source, name: `${guest}:v1`, store });
  }
  const server = join(tree, "examples/quickstart/hello/hello.wasm");
  await buildImage({ source: server, name: "server:v1", store });
  await cluster.importLayout(store.layout.directory);
  const { busybox } = await openPrefix("1.6");
  await cluster.importLayout(await writeNativeLayout(join(scratch.path, "native"), busybox));
}
