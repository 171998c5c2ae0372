import type { Descriptor } from "../../document.ts";
import { KwasmError } from "#base";
import type { BlobIngest } from "../../store/ingest.ts";
import type { ImageStore } from "../../store/store.ts";

export interface ObtainOptions {
  readonly store: ImageStore;
  readonly ingest: BlobIngest;
  /** Writes the verified content of the blob into the file at `path`, which may have a part of it. */
  readonly fetch: (descriptor: Descriptor, path: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Brings a blob into `ingest`: from the store, from somebody who is fetching it at this moment, else by `fetch`. Whole
 * downloads are kept until an image is put over them, so the loop ends with the first that succeeds.
 */
export async function obtainBlob(descriptor: Descriptor, options: ObtainOptions): Promise<"present" | "fetched"> {
  const { store, ingest, fetch, signal } = options;
  const { digest } = descriptor;
  if (await linkStored(descriptor, options)) return "present";
  for (;;) {
    signal?.throwIfAborted();
    if (ingest.link(store.downloads.wholePath(digest), digest)) return "present";
    const claim = await store.downloads.claim(digest);
    if (claim.kind === "other") {
      await claim.ended(signal);
      // The other may have put its image already.
      if (await linkStored(descriptor, options)) return "present";
      continue;
    }
    await using own = claim;
    // Another may have finished between the look and the claim.
    if (ingest.link(store.downloads.wholePath(digest), digest) || (await linkStored(descriptor, options))) {
      own.drop();
      return "present";
    }
    await fetch(descriptor, own.path);
    ingest.link(own.path, digest);
    own.finish();
    return "fetched";
  }
}

async function linkStored(descriptor: Descriptor, { store, ingest }: ObtainOptions): Promise<boolean> {
  return (
    (await isStored(descriptor, store)) && ingest.link(store.layout.blobPath(descriptor.digest), descriptor.digest)
  );
}

/** A stored blob that is damaged is fetched again. */
async function isStored(descriptor: Descriptor, { layout }: ImageStore): Promise<boolean> {
  try {
    await layout.verifyBlob(descriptor);
    return true;
  } catch (error) {
    if (error instanceof KwasmError && (error.code === "not-found" || error.code === "corrupt")) return false;
    throw error;
  }
}
