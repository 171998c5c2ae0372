import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { type Digest, hexOf } from "../digest.ts";
import { annotationKeys, type Descriptor, type Manifest, mediaTypes } from "../document.ts";
import { contentsOf, type ImageContents } from "../layout/contents.ts";
import { LAYOUT_VERSION } from "../layout/layout.ts";
import type { DockerEntry } from "../layout/parse.ts";
import { formatReference } from "../reference.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";

/** Nothing of the machine and the hour: the same images give the same archive. */
const reproducible = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "", mode: 0o644 } as const;

interface SavedImage {
  readonly image: StoredImage;
  readonly contents: ImageContents;
}

/**
 * Images as one archive, which is an OCI image layout and has docker's `manifest.json` beside it, as docker's own since 25:
 * docker, podman, containerd and skopeo read it.
 */
export async function saveImages(store: ImageStore, names: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
  const saved: SavedImage[] = [];
  for (const name of names) {
    const image = store.get(name);
    saved.push({ image, contents: await contentsOf(store.layout, image.descriptor) });
  }
  const archive = pack();
  writeArchive(archive, store, saved).catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  // The library's types leave open what its streams yield; these yield headers and what was written.
  return archive as AsyncIterable<Uint8Array>;
}

async function writeArchive(archive: Pack, store: ImageStore, saved: readonly SavedImage[]): Promise<void> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: saved.map(describe) };
  writeDocument(archive, "oci-layout", { imageLayoutVersion: LAYOUT_VERSION });
  writeDocument(archive, "index.json", index);
  writeDocument(archive, "manifest.json", saved.flatMap(dockerEntryOf));
  const blobs = new Map<Digest, Descriptor>();
  for (const { contents } of saved) {
    for (const blob of [...contents.documents, ...contents.blobs]) blobs.set(blob.digest, blob);
  }
  for (const blob of blobs.values()) {
    const path = await store.layout.verifyBlob(blob);
    const entry = archive.entry({ ...reproducible, name: `blobs/sha256/${hexOf(blob.digest)}`, size: blob.size });
    await pipeline(createReadStream(path), entry);
  }
  archive.finalize();
}

function writeDocument(archive: Pack, name: string, document: object): void {
  archive.entry({ ...reproducible, name }, JSON.stringify(document));
}

/** docker and containerd take the whole name of one annotation, podman and skopeo of the other. */
function describe({ image, contents: { root } }: SavedImage): Descriptor {
  const { digest, ...tagged } = image.reference;
  const name = formatReference(digest === undefined ? tagged : image.reference);
  const annotations = { [annotationKeys.containerdName]: name, [annotationKeys.refName]: name };
  return { ...root, annotations };
}

/** Docker has no form for artifacts, and no name with a digest. */
function dockerEntryOf({ image, contents: { manifest } }: SavedImage): readonly DockerEntry[] {
  if (!isImageManifest(manifest)) return [];
  const { digest } = image.reference;
  return [
    {
      Config: pathOf(manifest.config),
      RepoTags: digest === undefined ? [image.name] : [],
      Layers: manifest.layers.map(pathOf),
    },
  ];
}

function pathOf({ digest }: Descriptor): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Whether a manifest is that of files with a config to run them by, and no artifact. */
function isImageManifest({ config }: Manifest): boolean {
  return (
    config.mediaType === mediaTypes.config || config.mediaType === "application/vnd.docker.container.image.v1+json"
  );
}
