import { createReadStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import { loadImages } from "./archive/load.ts";
import { type Image, type ImageSource, openImage } from "./image.ts";
import { type ImageLimits, imageLimits } from "./limits.ts";
import { parseLocalName } from "./reference.ts";
import { makeScratchName } from "./scratch-name.ts";
import { openStore } from "./store/store.ts";
import { type SpinArtifact, unpackSpinArtifact } from "./unpack/spin-artifact.ts";
import { unpackImage, type UnpackedImage } from "./unpack/unpack.ts";

/** What an image runs, on this machine: files with a module among them, or a Spin application. */
export type ImageContent = UnpackedImage | SpinArtifact;

/** An archive is what docker, podman, skopeo and `kwasm save` write; `name` chooses among several images in it. */
export type ContentSource = ImageSource | { readonly kind: "archive"; readonly path: string; readonly name?: string };

/** An image of an archive that nobody named has this name while it is read. */
const NAMELESS = parseLocalName("archive");

/**
 * Answers what an image runs, wherever it lies and in whichever form it is: `kind` says the form, `config` and `root`
 * what resolveEntry needs. Every blob is compared with its digest before it is used. What this machine runs is kept in
 * `cacheDirectory`, so the source may go away afterwards.
 */
export async function readContent(
  source: ContentSource,
  cacheDirectory: string,
  limits: ImageLimits = imageLimits,
): Promise<ImageContent> {
  if (source.kind !== "archive") return contentOf(await openImage(source, limits), cacheDirectory);
  const scratch = join(cacheDirectory, makeScratchName());
  mkdirSync(scratch, { recursive: true });
  try {
    const store = openStore(scratch, { limits });
    const images = await loadImages(store, createReadStream(source.path), NAMELESS);
    const name = source.name ?? onlyName(source.path, images);
    return await contentOf({ ...(await openImage({ kind: "store", store, name }, limits)), name }, cacheDirectory);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** As readContent, of an image that is open. */
export async function contentOf(image: Image, cacheDirectory: string): Promise<ImageContent> {
  return image.kind === "spin" ? unpackSpinArtifact(image, cacheDirectory) : unpackImage(image, cacheDirectory);
}

/** Names of one image are as good as each other. */
function onlyName(path: string, images: Awaited<ReturnType<typeof loadImages>>): string {
  const [first] = images;
  if (first !== undefined && images.every(({ descriptor }) => descriptor.digest === first.descriptor.digest)) {
    return first.name;
  }
  const names = images.map(({ name }) => `"${name}"`).join(", ");
  throw new KwasmError("invalid-argument", `opening image archive "${path}": it holds ${names}; load it and name one`);
}
