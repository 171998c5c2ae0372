import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { contentOf, type ImageContent } from "../content.ts";
import { hexOf, parseDigest } from "../digest.ts";
import { openLayoutImage } from "../image.ts";
import { type ImageLimits, imageLimits } from "../limits.ts";
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
 * What an image runs that lies elsewhere, or undefined for an image of archives, of which only the documents were read:
 * who keeps it has unpacked it as well.
 */
export async function unpackWasmImage(options: WasmImageOptions): Promise<ImageContent | undefined> {
  const { name, target, readBlob, directory, imagesMax, limits = imageLimits } = options;
  const where = `image "${name}"`;
  const layout = new MirroredLayout(join(directory, "layout"), limits, readBlob);
  const image = await openLayoutImage(name, layout, { ...target, digest: parseDigest(target.digest, where) });
  if (image.kind === "files") return undefined;
  const unpacked = join(directory, "unpacked");
  const content = await contentOf(image, unpacked);
  const now = new Date();
  utimesSync(join(unpacked, hexOf(image.digest)), now, now);
  // The root has its own copy of each layer.
  for (const { digest } of image.manifest.layers) rmSync(layout.blobPath(digest), { force: true });
  removeOldest(unpacked, imagesMax);
  removeOldest(layout.blobsDirectory, imagesMax * 4);
  return content;
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
