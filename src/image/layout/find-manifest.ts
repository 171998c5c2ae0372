import { KwasmError } from "#base";
import type { Descriptor, Manifest, Platform } from "../document.ts";
import { firstPresent, isIndex, rankPlatforms, type RankedManifests } from "./select.ts";
import { parseIndex, parseManifest } from "./parse.ts";
import type { ImageLayout } from "./layout.ts";

/** Reads a document by its descriptor, from wherever it is. */
export type ReadDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

interface Wish {
  /** This machine's unless given. */
  readonly platform?: Platform | undefined;
  /** Whether a manifest can be read; all can unless given. */
  readonly isPresent?: (descriptor: Descriptor) => boolean;
}

/** Follows indexes to the manifest of a platform. */
export async function findManifest(
  root: Descriptor,
  { limits }: ImageLayout,
  read: ReadDocument,
  { platform, isPresent = () => true }: Wish = {},
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest }> {
  let descriptor = root;
  for (let depth = 0; isIndex(descriptor); depth++) {
    if (depth === limits.indexDepthMax) {
      throw new KwasmError("limit-exceeded", `reading image index "${descriptor.digest}": it is nested ${depth} deep`);
    }
    const { digest } = descriptor;
    const index = parseIndex(await read(descriptor), `image index "${digest}"`, limits);
    descriptor = await firstPresent(choose(index.manifests, digest, platform), isPresent);
  }
  const manifest = parseManifest(await read(descriptor), `manifest "${descriptor.digest}"`, limits);
  return { descriptor, manifest };
}

function choose(manifests: readonly Descriptor[], name: string, wanted: Platform | undefined): RankedManifests {
  if (wanted === undefined) return rankPlatforms(manifests, name);
  const found = manifests.find(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  if (found !== undefined) return [found];
  const present = manifests.map(({ platform }) => `${platform?.os ?? ""}/${platform?.architecture ?? ""}`).join(", ");
  throw new KwasmError(
    "not-found",
    `choosing platform "${wanted.os}/${wanted.architecture}" of image "${name}": it has ${present || "nothing"}`,
  );
}

/** The blobs of a manifest, each once. */
export function blobsOf({ config, layers }: Manifest): readonly Descriptor[] {
  return [...new Map([config, ...layers].map((blob) => [blob.digest, blob])).values()];
}

/** Whether all that this machine needs of an image is stored. Contents are verified when they are used. */
export async function isImageWhole(layout: ImageLayout, root: Descriptor, platform?: Platform): Promise<boolean> {
  try {
    const read: ReadDocument = (descriptor) => layout.readDocument(descriptor, layout.limits.manifestBytesMax);
    const { manifest } = await findManifest(root, layout, read, { platform });
    return blobsOf(manifest).every((blob) => layout.hasBlob(blob));
  } catch (error) {
    if (error instanceof KwasmError && (error.code === "not-found" || error.code === "corrupt")) return false;
    throw error;
  }
}
