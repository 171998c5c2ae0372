import { join } from "node:path";

import { buildImage, openStore } from "#image";
import type { Cluster } from "./cluster.ts";

const tree = join(import.meta.dirname, "../..");

/** What `kwasm build` is given for each, by the names that users' manifests have. */
const sources = {
  "hello:v1": join(tree, "examples/quickstart/hello/hello.wasm"),
  "files:v1": join(tree, "e2e/containerd/testdata/files"),
} as const;

/** Builds images of guests, and of `more` by their names, and puts them where the nodes find those of Docker Hub. */
export async function publishGuests(cluster: Cluster, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const store = openStore(join(cluster.directory, "guests"));
  for (const [name, source] of Object.entries({ ...sources, ...more })) {
    await buildImage({ source, name: `docker.io/library/${name}`, store });
  }
  await cluster.registry.push(store.layout.directory);
}
