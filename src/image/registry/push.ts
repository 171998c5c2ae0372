import { readFileSync } from "node:fs";
import { KwasmError } from "#base";
import type { Digest } from "../digest.ts";
import type { Descriptor } from "../document.ts";
import { contentsOf, type ImageContents } from "../layout/contents.ts";
import { parseRemoteName, type Reference } from "../reference.ts";
import { reachableBlobs } from "../store/collect.ts";
import type { ImageStore } from "../store/store.ts";
import type { RegistryAccess } from "./access.ts";
import type { RegistryClient } from "./http/registry-client.ts";
import { forEachAtOnce } from "./transfer/at-once.ts";
import type { BlobOutcome, OnTransfer } from "./transfer/events.ts";
import { locationOf, uploadBlob } from "./transfer/upload-blob.ts";

export interface PushOptions {
  readonly store: ImageStore;
  /** As users name it in the store. */
  readonly name: string;
  /** Its name in the registry, where that is another. */
  readonly destination?: string;
  readonly access: RegistryAccess;
  readonly signal?: AbortSignal;
  readonly onTransfer?: OnTransfer;
}

export interface PushedImage {
  /** What the name in the registry points to now. */
  readonly descriptor: Descriptor;
  /** One platform alone was sent: the store does not have the others. */
  readonly isPartial: boolean;
}

/** Sends an image to its registry, blobs first and its root last, so that it is there whole or not at all. */
export async function pushImage(options: PushOptions): Promise<PushedImage> {
  const { store, name, access } = options;
  const image = store.get(name);
  const reference = parseRemoteName(options.destination ?? image.name);
  const contents = await contentsOf(store.layout, image.descriptor);
  const abort = new AbortController();
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal]);
  const clients = await access.clientsFor(reference, signal);
  const client = clients.at(-1) ?? clients[0];
  if (!client.endpoint.capabilities.has("push")) {
    throw new KwasmError("failed-precondition", `pushing "${name}": the configuration of its registry has no "push"`);
  }
  const push = new Push({ ...options, reference, contents, client });
  await forEachAtOnce(contents.blobs, access.limits.blobsAtOnceMax, abort, (blob) => push.sendBlob(blob));
  for (const document of contents.documents) await push.sendDocument(document);
  return { descriptor: contents.root, isPartial: contents.root.digest !== image.descriptor.digest };
}

interface PushContext extends PushOptions {
  readonly reference: Reference;
  readonly contents: ImageContents;
  readonly client: RegistryClient;
}

class Push {
  readonly #context: PushContext;
  readonly #neighbours: ReadonlyMap<Digest, string>;

  constructor(context: PushContext) {
    this.#context = context;
    this.#neighbours = findNeighbours(context);
  }

  async sendBlob(blob: Descriptor): Promise<void> {
    const { onTransfer } = this.#context;
    onTransfer?.({ kind: "blob-started", blob });
    const outcome = (await this.#has("blobs", blob.digest)) ? "present" : await this.#mountOrUpload(blob);
    onTransfer?.({ kind: "blob-ended", blob, outcome });
  }

  /** A registry that has the blob in another repository may give it to this one without any bytes. */
  async #mountOrUpload(blob: Descriptor): Promise<BlobOutcome> {
    const { client, store, access, onTransfer } = this.#context;
    const neighbour = this.#neighbours.get(blob.digest);
    const answer = neighbour === undefined ? undefined : await this.#mount(blob, neighbour);
    if (answer === "mounted") return answer;
    await uploadBlob({
      client,
      blob,
      path: await store.layout.verifyBlob(blob),
      location: answer,
      chunkBytes: access.limits.uploadChunkBytes,
      count: (bytes) => onTransfer?.({ kind: "blob-bytes", blob, bytes }),
    });
    return "pushed";
  }

  /** Where the registry does not know the other repository, or the user may not read it, it begins an upload. */
  async #mount({ digest }: Descriptor, from: string): Promise<"mounted" | URL | undefined> {
    const { client } = this.#context;
    const query = new URLSearchParams({ mount: digest, from });
    const response = await client.ask({
      method: "POST",
      path: `${client.repository}/blobs/uploads/?${query.toString()}`,
      scopes: [...client.pushScopes(), `repository:${from}:pull`],
      headers: { "content-length": "0" },
      accepted: [201, 202, 401, 403],
    });
    response.discard();
    if (response.status === 201) return "mounted";
    return response.status === 202 ? locationOf(response) : undefined;
  }

  async sendDocument(document: Descriptor): Promise<void> {
    const { client, store, contents, reference } = this.#context;
    const isRoot = document.digest === contents.root.digest;
    if (!isRoot && (await this.#has("manifests", document.digest))) return;
    const target = isRoot ? (reference.digest ?? reference.tag ?? "latest") : document.digest;
    const bytes = readFileSync(store.layout.blobPath(document.digest));
    const response = await client.ask({
      method: "PUT",
      path: `${client.repository}/manifests/${target}`,
      scopes: client.pushScopes(),
      headers: { "content-type": document.mediaType, "content-length": `${bytes.length}` },
      body: () => [bytes],
      accepted: [200, 201, 202],
    });
    response.discard();
  }

  async #has(kind: "blobs" | "manifests", digest: Digest): Promise<boolean> {
    const { client } = this.#context;
    const response = await client.ask({
      method: "HEAD",
      path: `${client.repository}/${kind}/${digest}`,
      scopes: client.pushScopes(),
      headers: { accept: "*/*" },
      accepted: [200, 404],
    });
    response.discard();
    return response.status === 200;
  }
}

/** Other repositories of the same registry in which the store's images say that a blob may be. */
function findNeighbours({ store, reference }: PushContext): ReadonlyMap<Digest, string> {
  const neighbours = new Map<Digest, string>();
  for (const image of store.list()) {
    const { registry, repository } = image.reference;
    if (registry !== reference.registry || repository === reference.repository) continue;
    for (const digest of reachableBlobs(store.layout, image.descriptor).keys()) neighbours.set(digest, repository);
  }
  return neighbours;
}
