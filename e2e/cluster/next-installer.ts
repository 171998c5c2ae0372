import { renameSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildImagesOf } from "../../tools/images/build-images.ts";
import { writeLayout } from "../../tools/layout/write-layout.ts";
import type { Cluster } from "./cluster.ts";

export const nextInstaller = "ghcr.io/kwasm/kwasm-node-installer:next";

/** Publishes an installer of another version of the runtime: the same programs under that version's name, which is returned. */
export async function publishNextInstaller(cluster: Cluster): Promise<string> {
  await using layout = await mkdtempDisposable(join(tmpdir(), "kwasm-next-"));
  const current = await writeLayout(layout.path);
  const version = `${current}-next`;
  const versions = join(layout.path, "lib/kwasm");
  renameSync(join(versions, current), join(versions, version));
  writeFileSync(join(versions, "current"), `${version}\n`);
  const images = join(cluster.directory, "images-next");
  await buildImagesOf({ directory: layout.path, version }, images, "next");
  await cluster.registry.push(join(images, "kwasm-node-installer"));
  return version;
}
