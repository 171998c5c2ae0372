import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Digest, isDigest } from "../digest.ts";
import type { Descriptor } from "../document.ts";
import type { ImageLayout } from "../layout/layout.ts";
import { parseIndex, parseManifest } from "../layout/parse.ts";
import { isIndex } from "../layout/select.ts";
import { removeDeadIngests } from "./ingest.ts";

/**
 * All blobs that `root` needs and that are here, with their sizes: itself, its manifests, configs, layers. A blob
 * that is not in the layout is passed over: pulling one platform of an index leaves the others absent.
 */
export function reachableBlobs(layout: ImageLayout, root: Descriptor): ReadonlyMap<Digest, number> {
  const found = new Map<Digest, number>();
  const waiting = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next.digest) || !existsSync(layout.blobPath(next.digest))) continue;
    found.set(next.digest, next.size);
    waiting.push(...childrenOf(layout, next));
  }
  return found;
}

function childrenOf(layout: ImageLayout, descriptor: Descriptor): readonly Descriptor[] {
  const { limits } = layout;
  const where = `document "${descriptor.digest}"`;
  if (isIndex(descriptor)) {
    const bytes = layout.readDocumentSync(descriptor, limits.indexBytesMax);
    return parseIndex(bytes, where, limits).manifests;
  }
  if (!descriptor.mediaType.includes(".manifest.")) return [];
  const manifest = parseManifest(layout.readDocumentSync(descriptor, limits.manifestBytesMax), where, limits);
  return [manifest.config, ...manifest.layers];
}

/**
 * Removes every blob that no image needs, and what killed writers left. Call it under the store's lock only. A
 * document that cannot be read stops it before anything is removed, for nobody knows what that document needed.
 */
export function collectGarbage(layout: ImageLayout): readonly Digest[] {
  const needed = new Set<Digest>();
  for (const root of layout.readIndex().manifests) {
    for (const digest of reachableBlobs(layout, root).keys()) needed.add(digest);
  }
  removeDeadIngests(layout.directory);
  removeLeftovers(layout.directory);
  return removeOthers(layout, needed);
}

/** Siblings of an atomic write whose writer was killed; under the lock nobody else is writing one. */
function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.endsWith(".tmp")) rmSync(join(directory, name), { force: true });
  }
}

function removeOthers(layout: ImageLayout, needed: ReadonlySet<Digest>): readonly Digest[] {
  const removed: Digest[] = [];
  for (const name of readdirSync(layout.blobsDirectory)) {
    const digest = `sha256:${name}`;
    if (!isDigest(digest) || needed.has(digest)) continue;
    rmSync(layout.blobPath(digest), { force: true });
    removed.push(digest);
  }
  return removed;
}
