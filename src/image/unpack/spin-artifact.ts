import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import { type Digest, digestOfFile, hexOf, isDigest } from "../digest.ts";
import { type Descriptor, mediaTypes } from "../document.ts";
import type { Image } from "../image.ts";
import { layerFormOf } from "../image-kind.ts";
import { UnpackBudget } from "./budget.ts";
import { compressionOfFile } from "./compression.ts";
import { applyLayer } from "./layer.ts";
import { placeOnce, unknownLayer } from "./unpack.ts";

/** A Spin application as `spin registry push` packs it, on this machine. */
export interface SpinArtifact {
  readonly kind: "spin";
  /** What the user called it, for messages. */
  readonly name: string;
  readonly digest: Digest;
  /** The locked application: JSON text, of which nothing was looked at but its size. */
  readonly application: string;
  /**
   * Files of this machine by the digests that the application names: modules, data, and what was in archives. All
   * containers of the image share them: give them to guests read-only.
   */
  readonly blobs: ReadonlyMap<Digest, string>;
  /** Where those files are. */
  readonly directory: string;
}

const APPLICATION_FILE = "application.json";

/** Beside the blobs while an archive is unpacked; no digest is called so. */
const ARCHIVE_FOLDER = "archive";

/** Puts a Spin application into a folder of `cacheDirectory`, as unpackImage does with other images. */
export async function unpackSpinArtifact(image: Image, cacheDirectory: string): Promise<SpinArtifact> {
  const root = await placeOnce(image, cacheDirectory, writeArtifact);
  const application = readFileSync(join(root, APPLICATION_FILE), "utf8");
  const { name, digest } = image;
  return { kind: "spin", name, digest, application, blobs: listBlobs(root), directory: root };
}

function listBlobs(root: string): ReadonlyMap<Digest, string> {
  const blobs = new Map<Digest, string>();
  for (const name of readdirSync(root)) {
    const digest = `sha256:${name}`;
    if (isDigest(digest)) blobs.set(digest, join(root, name));
  }
  return blobs;
}

async function writeArtifact(image: Image, root: string): Promise<void> {
  const budget = new UnpackBudget(image.layout.limits);
  writeFileSync(join(root, APPLICATION_FILE), await readApplication(image));
  for (const layer of image.manifest.layers) await writeLayer(layer, image, { root, budget });
}

interface Target {
  readonly root: string;
  readonly budget: UnpackBudget;
}

async function writeLayer(layer: Descriptor, image: Image, { root, budget }: Target): Promise<void> {
  const kind = layerFormOf(layer.mediaType);
  if (kind === "spin-application") return;
  if (kind !== "wasm" && kind !== "spin-data" && kind !== "spin-archive") throw unknownLayer(image, layer);
  const path = await image.layout.verifyBlob(layer);
  if (kind === "spin-archive") {
    await writeFilesOf(path, { root, budget });
    return;
  }
  budget.takeEntry();
  budget.takeBytes(layer.size);
  copyFileSync(path, join(root, hexOf(layer.digest)));
}

/** The application names the files of an archive by their own digests, wherever in it they lie. */
async function writeFilesOf(path: string, { root, budget }: Target): Promise<void> {
  const folder = join(root, ARCHIVE_FOLDER);
  mkdirSync(folder);
  await applyLayer({ path, compression: await compressionOfFile(path), diffId: undefined }, folder, budget);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    renameSync(file, join(root, hexOf(await digestOfFile(file))));
  }
  rmSync(folder, { recursive: true });
}

/** The config of older artifacts, a layer of newer ones; two layers would leave open which counts. */
async function readApplication({ name, layout, manifest: { config, layers } }: Image): Promise<Uint8Array> {
  const candidates = [config, ...layers].filter(({ mediaType }) => mediaType === mediaTypes.spinApplication);
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    const count = candidates.length;
    throw new KwasmError("corrupt", `unpacking image "${name}": ${count} locked applications where one was expected`);
  }
  return layout.readDocument(only, layout.limits.configBytesMax);
}
