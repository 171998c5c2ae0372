import { KwasmError } from "#base";
import type { Descriptor, Manifest, Platform } from "../document.ts";
import { isIndex } from "../layout/select.ts";
import { parseRemoteName, type Reference } from "../reference.ts";
import type { BlobIngest } from "../store/ingest.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";
import type { RegistryAccess } from "./access.ts";
import type { RegistryClient } from "./http/registry-client.ts";
import { forEachAtOnce } from "./transfer/at-once.ts";
import type { OnTransfer } from "./transfer/events.ts";
import { fetchBlob } from "./transfer/fetch-blob.ts";
import { fetchDocument } from "./transfer/fetch-document.ts";
import { obtainBlob } from "./transfer/obtain-blob.ts";
import { blobsOf, findManifest, isImageWhole } from "../layout/find-manifest.ts";
import type { FindCredentials } from "./auth/credentials.ts";
import type { Capability } from "./hosts/endpoint.ts";

export interface PullOptions {
  readonly store: ImageStore;
  /** As users write it. */
  readonly name: string;
  readonly access: RegistryAccess;
  /** Instead of the one for Wasm, or for this machine. */
  readonly platform?: Platform;
  /** Instead of the user's own. */
  readonly credentials?: FindCredentials;
  readonly signal?: AbortSignal;
  readonly onTransfer?: OnTransfer;
}

/**
 * Brings an image from its registry into the store: its root document under its name, and of its platforms one. What
 * is there is not asked for again; a name with a digest that is whole needs no registry at all.
 */
export async function pullImage(options: PullOptions): Promise<StoredImage> {
  const reference = parseRemoteName(options.name);
  const pinned = reference.digest === undefined ? undefined : options.store.find(options.name);
  if (pinned !== undefined && (await isImageWhole(options.store.layout, pinned.descriptor, options.platform))) {
    return pinned;
  }
  const abort = new AbortController();
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal]);
  const clients = await options.access.clientsFor(reference, signal, options.credentials);
  options.store.downloads.prune(options.access.clock.nowMs());
  using ingest = options.store.ingest();
  return await new Pull({ ...options, reference, clients, ingest, abort, signal }).run();
}

interface PullContext extends PullOptions {
  readonly reference: Reference;
  readonly clients: readonly RegistryClient[];
  readonly ingest: BlobIngest;
  readonly abort: AbortController;
  readonly signal: AbortSignal;
}

class Pull {
  readonly #context: PullContext;

  constructor(context: PullContext) {
    this.#context = context;
  }

  async run(): Promise<StoredImage> {
    const { reference, store, ingest, platform, access, abort } = this.#context;
    const root = await this.#fetchRoot(reference);
    const { descriptor, manifest } = await findManifest(root, store.layout, (one) => this.#read(one), { platform });
    const blobs = blobsOf(manifest);
    this.#checkSizes(manifest, blobs);
    await forEachAtOnce(blobs, access.limits.blobsAtOnceMax, abort, (blob) => this.#obtain(blob));
    // Of an index one platform would be chosen anew for each use, so one that was asked for is put itself.
    return store.put(reference, platform === undefined || !isIndex(root) ? root : descriptor, ingest);
  }

  async #fetchRoot({ tag, digest }: Reference): Promise<Descriptor> {
    const { store, ingest } = this.#context;
    const { descriptor, bytes } = await this.#firstOf(digest === undefined ? "resolve" : "pull", (client) =>
      fetchDocument(client, digest ?? tag ?? "latest", digest, store.layout.limits),
    );
    await ingest.write([bytes]);
    return descriptor;
  }

  /** A document from the store, else from the registry. The root is in the ingest already. */
  async #read(descriptor: Descriptor): Promise<Uint8Array> {
    const { store, ingest } = this.#context;
    const { layout } = store;
    const bytesMax = layout.limits.manifestBytesMax;
    if (ingest.written.has(descriptor.digest)) return ingest.read(descriptor.digest);
    if (layout.hasBlob(descriptor)) {
      const stored = await layout.readDocument(descriptor, bytesMax).catch(rethrowUnlessDamaged);
      if (stored !== undefined && ingest.link(layout.blobPath(descriptor.digest), descriptor.digest)) return stored;
    }
    const { bytes } = await this.#firstOf("pull", (client) =>
      fetchDocument(client, descriptor.digest, descriptor.digest, layout.limits),
    );
    await ingest.write([bytes]);
    return bytes;
  }

  #checkSizes({ config }: Manifest, blobs: readonly Descriptor[]): void {
    const { store, access, name } = this.#context;
    const { configBytesMax } = store.layout.limits;
    const { imageBytesMax } = access.limits;
    const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
    if (config.size > configBytesMax) {
      throw new KwasmError(
        "limit-exceeded",
        `pulling "${name}": its config of ${config.size} bytes passes ${configBytesMax}`,
      );
    }
    if (bytes <= imageBytesMax) return;
    throw new KwasmError("limit-exceeded", `pulling "${name}": its ${bytes} bytes pass ${imageBytesMax}`);
  }

  async #obtain(blob: Descriptor): Promise<void> {
    const { store, ingest, signal, onTransfer } = this.#context;
    onTransfer?.({ kind: "blob-started", blob });
    const fetch = (descriptor: Descriptor, path: string): Promise<void> =>
      this.#firstOf("pull", (client) =>
        fetchBlob(client, descriptor, path, (bytes) => onTransfer?.({ kind: "blob-bytes", blob, bytes })),
      );
    const outcome = await obtainBlob(blob, { store, ingest, signal, fetch });
    onTransfer?.({ kind: "blob-ended", blob, outcome });
  }

  /** Asks the servers in their order until one gives what was asked for; the last one's failure is the failure. */
  async #firstOf<Result>(capability: Capability, action: (client: RegistryClient) => Promise<Result>): Promise<Result> {
    const { clients, signal, onTransfer, reference } = this.#context;
    const able = clients.filter(({ endpoint }) => endpoint.capabilities.has(capability));
    for (const client of able) {
      try {
        return await action(client);
      } catch (error) {
        signal.throwIfAborted();
        if (client === able.at(-1)) throw error;
        const server = client.endpoint.registry;
        onTransfer?.({ kind: "server-failed", server, error: KwasmError.from(error, `asking "${server}"`) });
      }
    }
    throw new KwasmError(
      "failed-precondition",
      `asking registry "${reference.registry}": its configuration names no server that can "${capability}"`,
    );
  }
}

function rethrowUnlessDamaged(error: unknown): undefined {
  if (error instanceof KwasmError && (error.code === "corrupt" || error.code === "not-found")) return undefined;
  throw error;
}
