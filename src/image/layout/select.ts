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
  return selectManifest(layout, selectPlatform(index.manifests, descriptor.digest), depth + 1);
}

/**
 * The manifest for Wasm where there is one, else the one for Linux on this processor (plain `FROM scratch` images),
 * else one that names no platform. Attestations carry `unknown/unknown` and are never chosen.
 */
export function selectPlatform(manifests: readonly Descriptor[], name: string, nodeArch = process.arch): Descriptor {
  const wanted = [...wasmSystems.map((os) => `${os}/wasm`), `linux/${architectures[nodeArch] ?? nodeArch}`, ""];
  for (const platform of wanted) {
    const found = manifests.find((manifest) => platformOf(manifest) === platform);
    if (found !== undefined) return found;
  }
  const present = manifests.map(platformOf).join(", ") || "nothing";
  throw new KwasmError(
    "not-found",
    `choosing a platform of image "${name}": none of ${wanted.filter(Boolean).join(", ")} is in it; it has ${present}`,
  );
}

function platformOf({ platform }: Descriptor): string {
  return platform === undefined ? "" : `${platform.os}/${platform.architecture}`;
}
