import { type ContainerEntry, type ImageStore, openImage, resolveEntry, type UnpackedImage, unpackImage } from "#image";

/** Answers of `resolveEntry` that are kept: each saves reading and hashing a module once per replica. */
const RESOLVED_ENTRIES_MAX = 256;

/** What a container needs of the local images. */
export interface ContainerImages {
  /** Finds an image by name and unpacks it once. Throws `not-found` for a name that the local store does not have. */
  open(name: string): Promise<UnpackedImage>;
  resolve(image: UnpackedImage, command: readonly string[], args: readonly string[]): Promise<ContainerEntry>;
}

export function createContainerImages(store: ImageStore, unpackedDir: string): ContainerImages {
  const entries = new Map<string, Promise<ContainerEntry>>();
  return {
    async open(name) {
      return unpackImage(await openImage({ kind: "store", store, name }), unpackedDir);
    },
    resolve(image, command, args) {
      const key = JSON.stringify([image.digest, command, args]);
      const known = entries.get(key);
      if (known !== undefined) return known;
      const entry = resolveEntry(image, args.length > 0 ? { command, args } : { command });
      entries.set(key, entry);
      forgetOldest(entries);
      // A failure is not kept: the caller retries, and the answer may differ then.
      entry.catch(() => entries.delete(key));
      return entry;
    },
  };
}

function forgetOldest(entries: Map<string, unknown>): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= RESOLVED_ENTRIES_MAX) return;
    entries.delete(oldest);
  }
}
