import type { Descriptor, Manifest } from "../document.ts";
import type { ImageLayout } from "./layout.ts";
import { parseIndex, parseManifest } from "./parse.ts";
import { isIndex, selectManifest } from "./select.ts";

/** All of an image that is in a layout, for whoever takes it elsewhere. */
export interface ImageContents {
  /** The image's own root, or the manifest of one platform where the others are not here. */
  readonly root: Descriptor;
  /** Indexes and manifests, each after those that it names; the root is the last. */
  readonly documents: readonly Descriptor[];
  /** Configs and layers, each once. */
  readonly blobs: readonly Descriptor[];
  /** The manifest that this machine runs. */
  readonly manifest: Manifest;
}

/**
 * Lists what an image is made of. Of an index whose platforms are not all here, as after a pull, the manifest that this
 * machine runs is taken alone: a registry refuses an index that names what it does not have.
 */
export async function contentsOf(layout: ImageLayout, descriptor: Descriptor): Promise<ImageContents> {
  const own = await selectManifest(layout, descriptor);
  const manifest = await readManifest(layout, own);
  const whole = await new Contents(layout).add(descriptor);
  const contents = whole.isWhole ? whole : await new Contents(layout).add(own);
  return {
    root: whole.isWhole ? descriptor : own,
    documents: [...contents.documents.values()].map(plain),
    blobs: [...contents.blobs.values()].map(plain),
    manifest,
  };
}

/** Platforms and annotations belong to the place that named a document. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

class Contents {
  readonly #layout: ImageLayout;
  readonly documents = new Map<string, Descriptor>();
  readonly blobs = new Map<string, Descriptor>();
  isWhole = true;

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  async add(descriptor: Descriptor, depth = 0): Promise<this> {
    const { limits } = this.#layout;
    if (depth > limits.indexDepthMax || !this.#layout.hasBlob(descriptor)) {
      this.isWhole = false;
      return this;
    }
    if (this.documents.has(descriptor.digest)) return this;
    if (isIndex(descriptor)) {
      const bytes = await this.#layout.readDocument(descriptor, limits.indexBytesMax);
      const { manifests } = parseIndex(bytes, `image index "${descriptor.digest}"`, limits);
      for (const child of manifests) await this.add(child, depth + 1);
    } else {
      const { config, layers } = await readManifest(this.#layout, descriptor);
      for (const blob of [config, ...layers]) this.#addBlob(blob);
    }
    this.documents.set(descriptor.digest, descriptor);
    return this;
  }

  #addBlob(blob: Descriptor): void {
    this.blobs.set(blob.digest, blob);
    if (!this.#layout.hasBlob(blob)) this.isWhole = false;
  }
}

async function readManifest(layout: ImageLayout, descriptor: Descriptor): Promise<Manifest> {
  const bytes = await layout.readDocument(descriptor, layout.limits.manifestBytesMax);
  return parseManifest(bytes, `manifest "${descriptor.digest}"`, layout.limits);
}
