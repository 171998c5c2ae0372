import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { buildImage, openStore } from "#image";

import type { Registry } from "../../e2e/cluster/registry.ts";
import { assembleFile } from "../measure/assemble.ts";

const tree = join(import.meta.dirname, "../..");

/** Guests by the names of their images. The first greets over HTTP, the second waits, the others do what nobody should. */
const sources = {
  "hello:v1": "examples/quickstart/hello/hello.wasm",
  "idle:v1": "bench/guests/idle.wat",
  "hog:v1": "e2e/testdata/hog.wat",
  "flooder:v1": "e2e/testdata/flooder.wat",
  "spinner:v1": "e2e/testdata/spinner.wat",
} as const;

/** Puts images into a cluster's registry, by way of a folder. */
export async function pushGuests(registry: Registry, folder: string): Promise<void> {
  const store = openStore(join(folder, "guests"));
  for (const [name, path] of Object.entries(sources)) {
    await buildImage({ source: moduleAt(join(tree, path), folder), name, store });
  }
  await registry.push(store.layout.directory);
}

function moduleAt(path: string, folder: string): string {
  if (!path.endsWith(".wat")) return path;
  const module = join(folder, "guest.wasm");
  writeFileSync(module, assembleFile(path));
  return module;
}
