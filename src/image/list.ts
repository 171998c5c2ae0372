import { type Digest, shortIdOf } from "./digest.ts";
import { nameOf } from "./reference.ts";
import type { ImageStore } from "./store/store.ts";

/** A row of `kwasm images`, with the columns of docker and podman: REPOSITORY TAG IMAGE ID CREATED SIZE. */
export interface ImageRow {
  readonly repository: string;
  readonly tag: string;
  /** The first 12 digits of `digest`. */
  readonly id: string;
  readonly digest: Digest;
  readonly createdAtMs: number;
  /** Blobs that other images share are counted for each. */
  readonly sizeBytes: number;
}

export function listImages(store: ImageStore): readonly ImageRow[] {
  return store.list().map((image) => ({
    repository: nameOf(image.reference),
    tag: image.reference.tag ?? "<none>",
    id: shortIdOf(image.descriptor.digest),
    digest: image.descriptor.digest,
    createdAtMs: image.createdAtMs,
    sizeBytes: store.sizeOf(image),
  }));
}
