import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, KwasmError, systemClock, writeFileAtomic } from "#base";
import { type Digest, hexOf, isDigest } from "../digest.ts";
import { annotationKeys, type Descriptor, mediaTypes } from "../document.ts";
import { ImageLayout, LAYOUT_VERSION } from "../layout/layout.ts";
import { type ImageLimits, imageLimits } from "../limits.ts";
import { formatReference, meaningsOf, nameOf, parseLocalName, parseStoredName, type Reference } from "../reference.ts";
import { collectGarbage, reachableBlobs } from "./collect.ts";
import { Downloads } from "./downloads.ts";
import { BlobIngest } from "./ingest.ts";
import { withStoreLock } from "./lock.ts";

/** An image of the store under one of its names. */
export interface StoredImage {
  /** Whole and normalised: `localhost/hello:latest`. */
  readonly name: string;
  readonly reference: Reference;
  /** What the name points to: a manifest or an index. Its digest is the image's id. */
  readonly descriptor: Descriptor;
  /** When the image came into this store; kept beside the image, whose own digest stays reproducible. */
  readonly createdAtMs: number;
}

/** What a name is to point to. */
export type NamedDescriptor = Pick<StoredImage, "reference" | "descriptor">;

interface StoreOptions {
  readonly limits?: ImageLimits;
  readonly clock?: Pick<Clock, "nowMs">;
}

/** Fewer digits of an id would too easily name something else. */
const ID_PREFIX_LENGTH_MIN = 4;

/** Opens the store in `directory`, creating it where there is none. It holds no handle between calls. */
export function openStore(directory: string, options: StoreOptions = {}): ImageStore {
  return new ImageStore(directory, options);
}

/**
 * Images by name, as an OCI image layout that every other tool can read. Readers never wait: blobs appear before the
 * index that names them, and the index is replaced whole. Writers take turns by the store's lock.
 */
export class ImageStore {
  readonly layout: ImageLayout;
  readonly downloads: Downloads;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(directory: string, options: StoreOptions) {
    this.layout = new ImageLayout(directory, options.limits ?? imageLimits);
    this.#clock = options.clock ?? systemClock;
    createLayout(this.layout);
    this.downloads = new Downloads(directory);
    this.layout.checkVersion();
  }

  /** Begins to write an image: its blobs go into what is returned, then `put` names them. */
  ingest(): BlobIngest {
    return new BlobIngest(this.layout.directory, this.layout.limits);
  }

  /** Makes the written blobs and the image over them visible under `name`, all at once. */
  put(name: Reference, descriptor: Descriptor, ingest: BlobIngest): StoredImage {
    const [image] = this.putAll([{ reference: name, descriptor }], ingest);
    return image ?? this.get(formatReference(name));
  }

  /** As `put`, for several images over the same blobs. */
  putAll(images: readonly NamedDescriptor[], ingest: BlobIngest): readonly StoredImage[] {
    return this.#change(() => {
      const blobs = [...ingest.written];
      ingest.moveInto(this.layout.blobsDirectory);
      this.downloads.forget(blobs);
      return this.#point(images);
    });
  }

  /** The image that `text` means: a name as users write it, or the start of an id. */
  find(text: string): StoredImage | undefined {
    const images = this.list();
    return findByName(images, text) ?? findById(images, text);
  }

  /** As `find`; absence is an error that says what was looked for. */
  get(text: string): StoredImage {
    const image = this.find(text);
    if (image !== undefined) return image;
    const looked = meaningsOf(text).map((meaning) => `"${formatReference(meaning)}"`);
    throw new KwasmError(
      "not-found",
      `finding image "${text}": the local store has no ${looked.join(" or ")}; pull it, or build it with kwasm build -t ${text}`,
    );
  }

  /** All named images, ordered by name. */
  list(): readonly StoredImage[] {
    const images = this.layout.readIndex().manifests.flatMap(toStoredImage);
    return images.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Gives an image one more name. */
  tag(existing: string, newName: string): StoredImage {
    const name = parseLocalName(newName);
    return this.#change(() => {
      const [image] = this.#point([{ reference: name, descriptor: this.get(existing).descriptor }]);
      return image ?? this.get(formatReference(name));
    });
  }

  /** Takes one name away, and collects what no name needs any more. Returns the digests that were deleted. */
  remove(text: string): { readonly untagged: string; readonly deleted: readonly Digest[] } {
    return this.#change(() => {
      const image = this.get(text);
      this.#writeIndex(this.layout.readIndex().manifests.filter((entry) => refNameOf(entry) !== image.name));
      return { untagged: image.name, deleted: collectGarbage(this.layout) };
    });
  }

  /** Collects what no name needs, and what pulls, builds and loads left that were killed. Returns the digests of blobs. */
  prune(): readonly Digest[] {
    this.downloads.prune(this.#clock.nowMs(), 0);
    return this.#change(() => collectGarbage(this.layout));
  }

  /** The digests of all that is stored. */
  blobs(): readonly Digest[] {
    return readdirSync(this.layout.blobsDirectory)
      .map((name) => `sha256:${name}`)
      .filter(isDigest);
  }

  /** Bytes on disk that an image needs, shared ones included. */
  sizeOf(image: StoredImage): number {
    return reachableBlobs(this.layout, image.descriptor)
      .values()
      .reduce((sum, size) => sum + size, 0);
  }

  #change<Result>(action: () => Result): Result {
    return withStoreLock(this.layout.directory, action);
  }

  #point(images: readonly NamedDescriptor[]): readonly StoredImage[] {
    const createdAtMs = this.#clock.nowMs();
    const named = images.map((image) => ({ ...image, name: formatReference(image.reference), createdAtMs }));
    const names = new Set<string | undefined>(named.map(({ name }) => name));
    const { manifests } = this.layout.readIndex();
    const others = manifests.filter((entry) => !names.has(refNameOf(entry)));
    this.#writeIndex([...others, ...named.map(entryOf)]);
    if (others.length < manifests.length) collectGarbage(this.layout);
    return named;
  }

  #writeIndex(manifests: readonly Descriptor[]): void {
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    writeFileAtomic(join(this.layout.directory, "index.json"), `${JSON.stringify(index, undefined, 2)}\n`);
  }
}

/** A layout that another tool made becomes a store by being opened as one. */
function createLayout({ directory, blobsDirectory }: ImageLayout): void {
  const indexPath = join(directory, "index.json");
  mkdirSync(blobsDirectory, { recursive: true });
  mkdirSync(join(directory, "ingest"), { recursive: true });
  if (existsSync(indexPath)) return;
  withStoreLock(directory, () => {
    if (existsSync(indexPath)) return;
    writeFileAtomic(join(directory, "oci-layout"), `${JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION })}\n`);
    writeFileAtomic(indexPath, `${JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] })}\n`);
  });
}

/** An image as `index.json` lists it. */
function entryOf({ name, descriptor, createdAtMs }: Omit<StoredImage, "reference">): Descriptor {
  const annotations = {
    ...descriptor.annotations,
    [annotationKeys.refName]: name,
    [annotationKeys.created]: new Date(createdAtMs).toISOString(),
  };
  return { ...descriptor, annotations };
}

function refNameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[annotationKeys.refName];
}

/** Entries that another tool added without a whole name are kept in the index, and not listed. */
function toStoredImage(entry: Descriptor): readonly StoredImage[] {
  const name = refNameOf(entry);
  if (name === undefined) return [];
  try {
    const reference = parseStoredName(name);
    if (formatReference(reference) !== name) return [];
    const { annotations, ...descriptor } = entry;
    const createdAtMs = Date.parse(annotations?.[annotationKeys.created] ?? "") || 0;
    return [{ name, reference, descriptor, createdAtMs }];
  } catch (error) {
    if (error instanceof KwasmError) return [];
    throw error;
  }
}

function findByName(images: readonly StoredImage[], text: string): StoredImage | undefined {
  for (const meaning of meaningsOf(text)) {
    const found = images.find((image) => isMeant(image, meaning));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A digest decides where there is one, and the tag beside it is then only a remark, as for docker and Kubernetes. */
function isMeant(image: StoredImage, meaning: Reference): boolean {
  if (meaning.digest === undefined) return image.name === formatReference(meaning);
  return image.descriptor.digest === meaning.digest && nameOf(image.reference) === nameOf(meaning);
}

function findById(images: readonly StoredImage[], text: string): StoredImage | undefined {
  if (text.length < ID_PREFIX_LENGTH_MIN || !/^[0-9a-f]+$/.test(text)) return undefined;
  const found = images.filter((image) => hexOf(image.descriptor.digest).startsWith(text));
  if (found.length < 2) return found[0];
  const names = found.map((image) => `"${image.name}"`).join(", ");
  throw new KwasmError("invalid-argument", `finding image "${text}": this id has several names, ${names}; give one`);
}
