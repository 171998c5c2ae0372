import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { KwasmError, systemErrorCode } from "#base";
import { type Digest, hexOf } from "../digest.ts";
import { annotationKeys, type Descriptor, type ImageConfig } from "../document.ts";
import type { Image } from "../image.ts";
import { isAbandoned, makeScratchName } from "../scratch-name.ts";
import { UnpackBudget } from "./budget.ts";
import { applyLayer, type Compression } from "./layer.ts";

/** An image whose files are on this machine. */
export interface UnpackedImage {
  /** What the user called it, for messages. */
  readonly name: string;
  readonly digest: Digest;
  readonly config: ImageConfig;
  /** Folder of its files. All containers of the image share it: give it to guests read-only. */
  readonly root: string;
  /** Made of Wasm layers instead of archives, so that its files have no names of their own. */
  readonly isArtifact: boolean;
}

/** How layers that are archives are compressed, by media type: OCI's and Docker's. */
const archiveTypes: Readonly<Record<string, Compression>> = {
  "application/vnd.oci.image.layer.v1.tar": "none",
  "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
  "application/vnd.docker.image.rootfs.diff.tar": "none",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
};

/** Layers that are a Wasm binary as it is: CNCF artifacts, runwasi's images, wasm-to-oci and its successors. */
const wasmTypes: ReadonlySet<string> = new Set([
  "application/wasm",
  "application/vnd.wasm.content.layer.v1+wasm",
  "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
  "application/vnd.w3c.wasm.module.v1+wasm",
  "application/vnd.w3c.wasm.component.v1+wasm",
  "application/vnd.module.wasm.content.layer.v1+wasm",
]);

/** Unpackings of this process by target, so that many replicas that start together share one. */
const underWay = new Map<string, Promise<void>>();

/**
 * Puts the files of an image into a folder of `cacheDirectory` named by its digest, unless they are there. The folder
 * appears whole, by a rename. It is not synced to disk file by file: after a power cut, prune the cache.
 */
export async function unpackImage(image: Image, cacheDirectory: string): Promise<UnpackedImage> {
  const root = resolve(cacheDirectory, hexOf(image.digest));
  if (!existsSync(root)) {
    const running = underWay.get(root) ?? startUnpacking(image, root);
    await running;
  }
  return { name: image.name, digest: image.digest, config: image.config, root, isArtifact: isWasmImage(image) };
}

/** Whether Wasm layers are among those of an image. */
export function isWasmImage({ manifest }: Image): boolean {
  return manifest.layers.some((layer) => wasmTypes.has(layer.mediaType));
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

function startUnpacking(image: Image, root: string): Promise<void> {
  const running = unpackInto(image, root).finally(() => underWay.delete(root));
  underWay.set(root, running);
  return running;
}

async function unpackInto(image: Image, root: string): Promise<void> {
  const partial = join(root, "..", makeScratchName());
  mkdirSync(partial, { recursive: true });
  try {
    await unpackLayers(image, partial);
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
    checkLayerType(image, descriptor);
    const path = await layout.verifyBlob(descriptor);
    const compression = archiveTypes[descriptor.mediaType];
    if (compression === undefined) copyModule({ path, descriptor, at }, root, budget);
    else await applyLayer({ path, compression, diffId: diffIds[at] }, root, budget);
  }
}

function checkLayerType(image: Image, { mediaType }: Descriptor): void {
  if (Object.hasOwn(archiveTypes, mediaType) || wasmTypes.has(mediaType)) return;
  throw new KwasmError("unsupported", `unpacking image "${image.name}": it has a layer of type "${mediaType}"`);
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
