import { join } from "node:path";
import { realpathSync } from "node:fs";

import type { Cluster } from "../../e2e/cluster/cluster.ts";
import { fileOf, type LayerFile, packLayer } from "../../tools/images/layer.ts";
import { assembleImage, writeLayoutOf } from "../../tools/images/oci-layout.ts";
import { findLoader, listSharedLibraries } from "../../tools/layout/shared-libraries.ts";
import { findProgram } from "../../tools/layout/write-layout.ts";

export interface PeerImage {
  /** What the peer's chart is told of it, with a tag. */
  readonly reference: string;
  readonly entrypoint: readonly string[];
  readonly files: readonly LayerFile[];
}

/** Puts an image of somebody else's program onto a node, whose own registry is not in reach of all machines. */
export async function importPeer(cluster: Cluster, { reference, entrypoint, files }: PeerImage): Promise<void> {
  const name = reference.replaceAll(/[/:]/gu, "-");
  const layers = [await packLayer(files)];
  const image = assembleImage({ name, title: name, user: "0:0", entrypoint, layers }, "0");
  await writeLayoutOf(image, reference, cluster.directory);
  const path = join(cluster.directory, `${name}.tar`);
  await cluster.node(1).run("ctr", "--namespace=k8s.io", "images", "import", path);
}

/** Programs of this machine with their libraries, where a loader looks for them. */
export function programFiles(...names: readonly string[]): readonly LayerFile[] {
  const paths = names.map((name) => ({ name, path: realpathSync(findProgram(name)) }));
  const libraries = listSharedLibraries(...paths.map(({ path }) => path));
  const loader = findLoader(libraries);
  return [
    ...paths.map(({ name, path }) => fileOf(`usr/bin/${name}`, path, 0o755)),
    ...libraries.map(({ name, path }) => {
      return fileOf(name === loader.name ? path.slice(1) : `lib/${name}`, realpathSync(path), 0o755);
    }),
  ];
}
