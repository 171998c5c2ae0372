import { execFileSync } from "node:child_process";
import { join } from "node:path";

import packageManifest from "../../package.json" with { type: "json" };
import { buildImages } from "../../tools/images/build-images.ts";
import type { Cluster } from "./cluster.ts";

const tree = join(import.meta.dirname, "../..");
const chart = join(tree, "charts/kwasm-operator");
const images = ["kwasm-operator", "kwasm-node-installer"] as const;

/** Builds the images and puts them where nodes find those of a release. */
export async function publishOperatorImages(cluster: Cluster, tag = packageManifest.version): Promise<void> {
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const directory = join(cluster.directory, `images-${tag}`);
  await buildImages(directory, tag);
  for (const name of images) await cluster.registry.push(join(directory, name));
}

/** Installs the chart with images of this tree, as a user would with those of a release, and waits for its pod. */
export async function installOperator(cluster: Cluster): Promise<void> {
  await publishOperatorImages(cluster);
  const place = ["--namespace=kwasm", "--create-namespace"];
  await cluster.helm("install", "kwasm-operator", chart, ...place, "--wait", "--timeout=120s");
}
