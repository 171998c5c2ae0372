import { KwasmError } from "#base";
import { annotationKeys, type Descriptor, mediaTypes } from "../document.ts";
import { type DockerEntry, parseDockerEntries, parseIndex } from "../layout/parse.ts";
import type { ImageLimits } from "../limits.ts";
import { parseStoredName, type Reference } from "../reference.ts";
import { blobsOf, findManifest } from "../layout/find-manifest.ts";
import type { BlobIngest } from "../store/ingest.ts";
import type { ImageStore, NamedDescriptor, StoredImage } from "../store/store.ts";
import { compressionOf } from "../unpack/compression.ts";
import { type ArchiveFiles, readArchive } from "./read-archive.ts";

/**
 * Puts the images of an archive into the store: an OCI image layout, or what docker and podman save; gzip and zstd too.
 * `nameless` is the name of an image that is alone and has none.
 */
export async function loadImages(
  store: ImageStore,
  content: AsyncIterable<Uint8Array>,
  nameless?: Reference,
): Promise<readonly StoredImage[]> {
  const { limits } = store.layout;
  using ingest = store.ingest();
  const files = await readArchive(content, ingest, limits);
  const named = await readNamed(files, ingest, { limits, nameless });
  if (named.length === 0) {
    throw new KwasmError("not-found", "reading an image archive: no image in it has a name; save it by its name");
  }
  for (const { descriptor } of named) await checkWhole(descriptor, store, ingest);
  return store.putAll(named, ingest);
}

/** The index counts where it names images, since it has artifacts and platforms too. */
async function readNamed(
  files: ArchiveFiles,
  ingest: BlobIngest,
  { limits, nameless }: { readonly limits: ImageLimits; readonly nameless: Reference | undefined },
): Promise<readonly NamedDescriptor[]> {
  const index = files.documents.get("index.json");
  const manifests = index === undefined ? [] : parseIndex(index, '"index.json"', limits).manifests;
  const named = manifests.flatMap(readName);
  const docker = files.documents.get("manifest.json");
  if (named.length > 0) return named;
  const [only] = manifests;
  if (nameless !== undefined && only !== undefined && manifests.length === 1) {
    const { mediaType, digest, size } = only;
    return [{ reference: nameless, descriptor: { mediaType, digest, size } }];
  }
  const entries = docker === undefined ? [] : parseDockerEntries(docker, limits);
  const images: NamedDescriptor[] = [];
  for (const entry of entries) {
    const descriptor = await writeManifest(entry, files, ingest);
    const names = entry.RepoTags.map(parseStoredName);
    const isAlone = nameless !== undefined && names.length === 0 && entries.length === 1;
    for (const reference of isAlone ? [nameless] : names) images.push({ reference, descriptor });
  }
  return images;
}

function readName({ annotations = {}, mediaType, digest, size }: Descriptor): readonly NamedDescriptor[] {
  const name = annotations[annotationKeys.containerdName] ?? annotations[annotationKeys.refName];
  if (name === undefined) return [];
  const reference: Reference = parseStoredName(name);
  return [{ reference, descriptor: { mediaType, digest, size } }];
}

/** Docker's own form has no manifest: it is made of what the entry names. */
async function writeManifest(
  { Config: config, Layers: layers }: DockerEntry,
  files: ArchiveFiles,
  ingest: BlobIngest,
): Promise<Descriptor> {
  const describe = (name: string, mediaType: string): Descriptor => {
    const blob = files.blobOf(name);
    if (blob !== undefined) return { mediaType, ...blob };
    throw new KwasmError("corrupt", `reading an image archive: it has no file "${name.slice(0, 200)}"`);
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: describe(config, mediaTypes.config),
    layers: layers.map((name) => {
      const layer = describe(name, mediaTypes.layerTar);
      return { ...layer, mediaType: layerTypes[compressionOf(ingest.readStart(layer.digest, 4))] };
    }),
  };
  const blob = await ingest.write([Buffer.from(JSON.stringify(manifest))]);
  return { mediaType: mediaTypes.manifest, ...blob };
}

const layerTypes = {
  none: mediaTypes.layerTar,
  gzip: `${mediaTypes.layerTar}+gzip`,
  zstd: `${mediaTypes.layerTar}+zstd`,
} as const;

/** What this machine would run of an image has to be in the archive. */
async function checkWhole(root: Descriptor, { layout }: ImageStore, ingest: BlobIngest): Promise<void> {
  const read = (descriptor: Descriptor): Promise<Uint8Array> => {
    requireWritten(descriptor, ingest);
    return Promise.resolve(ingest.read(descriptor.digest));
  };
  const isPresent = ({ digest }: Descriptor): boolean => ingest.written.has(digest);
  const { manifest } = await findManifest(root, layout, read, { isPresent });
  for (const blob of blobsOf(manifest)) requireWritten(blob, ingest);
}

function requireWritten({ digest }: Descriptor, ingest: BlobIngest): void {
  if (ingest.written.has(digest)) return;
  throw new KwasmError("corrupt", `reading an image archive: blob "${digest}" is not in it`);
}
