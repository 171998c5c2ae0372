import { KwasmError } from "#base";
import { type Descriptor, mediaTypes } from "../document.ts";
import type { ImageLayout } from "./layout.ts";
import { parseIndex } from "./parse.ts";

const indexTypes: ReadonlySet<string> = new Set([
  mediaTypes.index,
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

/** Systems that an image index may name for Wasm: Rust's and runwasi's `wasip1`, wkg's for components, Docker's `wasi`. */
const wasmSystems = ["wasip1", "wasip2", "wasi"] as const;

/** Architecture names of OCI (Go's) for those of Node, where they differ. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

export function isIndex(descriptor: Descriptor): boolean {
  return indexTypes.has(descriptor.mediaType);
}

/** Follows indexes down to the one manifest that this machine runs. */
export async function selectManifest(layout: ImageLayout, descriptor: Descriptor, depth = 0): Promise<Descriptor> {
  if (!isIndex(descriptor)) return descriptor;
  const { limits } = layout;
  if (depth === limits.indexDepthMax) {
    throw new KwasmError("limit-exceeded", `reading image index "${descriptor.digest}": it is nested ${depth} deep`);
  }
  const bytes = await layout.readDocument(descriptor, limits.indexBytesMax);
  const index = parseIndex(bytes, `image index "${descriptor.digest}"`, limits);
  const ranked = rankPlatforms(index.manifests, descriptor.digest);
  return selectManifest(layout, await firstPresent(ranked, (one) => layout.isPresent(one)), depth + 1);
}

/** At least one. */
export type RankedManifests = readonly [Descriptor, ...Descriptor[]];

/** Others than the best may be all that is here: containerd fetches, and exports, one platform of an index. */
export async function firstPresent(
  ranked: RankedManifests,
  isPresent: (descriptor: Descriptor) => boolean | Promise<boolean>,
): Promise<Descriptor> {
  for (const descriptor of ranked) if (await isPresent(descriptor)) return descriptor;
  return ranked[0];
}

/**
 * The manifests that this machine runs, the best first: one for Wasm, one for Linux on this processor (plain `FROM scratch`
 * images), one that names no platform. Attestations carry `unknown/unknown` and are never chosen.
 */
export function rankPlatforms(
  manifests: readonly Descriptor[],
  name: string,
  nodeArch = process.arch,
): RankedManifests {
  const wanted = [...wasmSystems.map((os) => `${os}/wasm`), `linux/${architectures[nodeArch] ?? nodeArch}`, ""];
  const [best, ...others] = wanted.flatMap((platform) => {
    const found = manifests.find((manifest) => platformOf(manifest) === platform);
    return found === undefined ? [] : [found];
  });
  if (best !== undefined) return [best, ...others];
  const present = manifests.map(platformOf).join(", ") || "nothing";
  throw new KwasmError(
    "not-found",
    `choosing a platform of image "${name}": none of ${wanted.filter(Boolean).join(", ")} is in it; it has ${present}`,
  );
}

function platformOf({ platform }: Descriptor): string {
  return platform === undefined ? "" : `${platform.os}/${platform.architecture}`;
}
