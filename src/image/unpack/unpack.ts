import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { KwasmError, systemErrorCode } from "#base";
import { type Digest, hexOf } from "../digest.ts";
import { annotationKeys, type Descriptor, type ImageConfig } from "../document.ts";
import type { Image } from "../image.ts";
import { type ImageKind, layerFormOf } from "../image-kind.ts";
import { isAbandoned, makeScratchName } from "../scratch-name.ts";
import { UnpackBudget } from "./budget.ts";
import { compressionOfFile } from "./compression.ts";
import { applyLayer } from "./layer.ts";

/** An image whose files are on this machine. */
export interface UnpackedImage {
  /** What the user called it, for messages. */
  readonly name: string;
  readonly digest: Digest;
  readonly config: ImageConfig;
  /** Folder of its files. All containers of the image share it: give it to guests read-only. */
  readonly root: string;
  /** Files of archives have names; those of the other kinds were only numbered, or titled, by who pushed them. */
  readonly kind: Exclude<ImageKind, "spin">;
}

/** Unpackings of this process by target, so that many replicas that start together share one. */
const underWay = new Map<string, Promise<void>>();

/**
 * Puts the files of an image into a folder of `cacheDirectory` named by its digest, unless they are there. The folder
 * appears whole, by a rename. It is not synced to disk file by file: after a power cut, prune the cache.
 */
export async function unpackImage(image: Image, cacheDirectory: string): Promise<UnpackedImage> {
  const { name, digest, kind, config } = image;
  if (kind === "spin") throw new KwasmError("unsupported", `unpacking image "${name}": it is a Spin application`);
  return { name, digest, config, kind, root: await placeOnce(image, cacheDirectory, unpackLayers) };
}

/** Writes what an image becomes on this machine into a folder that is nobody else's. */
type WriteContent = (image: Image, folder: string) => Promise<void>;

/** Returns an image's folder, which is written first where it is not there. */
export async function placeOnce(image: Image, cacheDirectory: string, write: WriteContent): Promise<string> {
  const root = resolve(cacheDirectory, hexOf(image.digest));
  if (!existsSync(root)) await (underWay.get(root) ?? startWriting(image, root, write));
  return root;
}

/** Removes from a cache what is not in `keep`, and what killed processes left unfinished. */
export function pruneUnpacked(cacheDirectory: string, keep: readonly Digest[]): void {
  if (!existsSync(cacheDirectory)) return;
  const kept = new Set(keep.map(hexOf));
  for (const name of readdirSync(cacheDirectory)) {
    const isUnwanted = name.endsWith(".partial") ? isAbandoned(name) : !kept.has(name);
    if (isUnwanted) rmSync(join(cacheDirectory, name), { recursive: true, force: true });
  }
}

function startWriting(image: Image, root: string, write: WriteContent): Promise<void> {
  const running = writeInto(image, root, write).finally(() => underWay.delete(root));
  underWay.set(root, running);
  return running;
}

async function writeInto(image: Image, root: string, write: WriteContent): Promise<void> {
  const partial = join(root, "..", makeScratchName());
  mkdirSync(partial, { recursive: true });
  try {
    await write(image, partial);
    moveInPlace(partial, root);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Another process may have been faster; its folder is as good. */
function moveInPlace(partial: string, root: string): void {
  try {
    renameSync(partial, root);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

async function unpackLayers(image: Image, root: string): Promise<void> {
  const { layout, manifest, config } = image;
  const budget = new UnpackBudget(layout.limits);
  const diffIds = config.diffIds.length === manifest.layers.length ? config.diffIds : [];
  for (const [at, descriptor] of manifest.layers.entries()) {
    const form = layerFormOf(descriptor.mediaType);
    if (form !== "archive" && form !== "wasm") throw unknownLayer(image, descriptor);
    const path = await layout.verifyBlob(descriptor);
    if (form === "wasm") copyModule({ path, descriptor, at }, root, budget);
    else await applyLayer({ path, compression: await compressionOfFile(path), diffId: diffIds[at] }, root, budget);
  }
}

export function unknownLayer({ name }: Image, { mediaType }: Descriptor): KwasmError {
  return new KwasmError("unsupported", `unpacking image "${name}": it has a layer of type "${mediaType}"`);
}

interface ModuleLayer {
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly at: number;
}

/** A Wasm layer becomes a file of the root: under its title where it has a plain one, else under its number. */
function copyModule({ path, descriptor, at }: ModuleLayer, root: string, budget: UnpackBudget): void {
  budget.takeEntry();
  budget.takeBytes(descriptor.size);
  const title = basename(descriptor.annotations?.[annotationKeys.title] ?? "");
  const isPlain = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\.wasm$/.test(title) && !existsSync(join(root, title));
  const name = isPlain ? title : `module-${at}.wasm`;
  rmSync(join(root, name), { recursive: true, force: true });
  copyFileSync(path, join(root, name));
}
