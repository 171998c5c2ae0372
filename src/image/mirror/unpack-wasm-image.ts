import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { parseDigest } from "../digest.ts";
import { openLayoutImage } from "../image.ts";
import { type ImageLimits, imageLimits } from "../limits.ts";
import { isWasmImage, unpackImage, type UnpackedImage } from "../unpack/unpack.ts";
import { MirroredLayout, type ReadBlob } from "./mirrored-layout.ts";

interface WasmImageOptions {
  /** What the user called the image, for messages. */
  readonly name: string;
  /** What the image's name stands for: a manifest or an index. */
  readonly target: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly readBlob: ReadBlob;
  /** Keeps unpacked images by digest. */
  readonly directory: string;
  /** As many are kept, those that were used last. One must stay until the containers that were just made of it start. */
  readonly imagesMax: number;
  readonly limits?: ImageLimits;
}

/**
 * The files of an image that is made of Wasm layers and lies elsewhere, or undefined for an image of archives, of which
 * only the documents were read.
 */
export async function unpackWasmImage(options: WasmImageOptions): Promise<UnpackedImage | undefined> {
  const { name, target, readBlob, directory, imagesMax, limits = imageLimits } = options;
  const where = `image "${name}"`;
  const layout = new MirroredLayout(join(directory, "layout"), limits, readBlob);
  const image = await openLayoutImage(name, layout, { ...target, digest: parseDigest(target.digest, where) });
  if (!isWasmImage(image)) return undefined;
  const unpacked = join(directory, "unpacked");
  const result = await unpackImage(image, unpacked);
  const now = new Date();
  utimesSync(result.root, now, now);
  // The root has its own copy of each layer.
  for (const { digest } of image.manifest.layers) rmSync(layout.blobPath(digest), { force: true });
  removeOldest(unpacked, imagesMax);
  removeOldest(layout.blobsDirectory, imagesMax * 4);
  return result;
}

/** Of an image three documents are kept at most, so they are there as long as its files. */
function removeOldest(directory: string, countMax: number): void {
  if (!existsSync(directory)) return;
  const names = readdirSync(directory).filter((name) => !name.endsWith(".partial"));
  if (names.length <= countMax) return;
  const entries = names.map((name) => ({
    path: join(directory, name),
    usedAtMs: statSync(join(directory, name)).mtimeMs,
  }));
  entries.sort((first, second) => second.usedAtMs - first.usedAtMs);
  for (const { path } of entries.slice(countMax)) rmSync(path, { recursive: true, force: true });
}
