import { createReadStream } from "node:fs";
import { KwasmError } from "#base";
import type { Descriptor } from "../../document.ts";
import { type RegistryClient, resolveLocation, type RegistryResponse } from "../http/registry-client.ts";
import type { CountBytes } from "./fetch-blob.ts";

export interface UploadOptions {
  readonly client: RegistryClient;
  readonly blob: Descriptor;
  readonly path: string;
  /** Where the registry's answer to the first question already leads. */
  readonly location?: URL | undefined;
  readonly chunkBytes: number;
  readonly count: CountBytes;
}

/**
 * Sends a blob: a small one whole, a large one in chunks. After a cut the registry is asked how much it has, and the
 * rest is sent; where it has forgotten the upload, all of it.
 */
export async function uploadBlob(options: UploadOptions): Promise<void> {
  const upload = new Upload(options);
  await options.client.retrying(
    () => upload.attempt(),
    () => upload.sentBytes,
  );
}

const binary = { "content-type": "application/octet-stream" } as const;

class Upload {
  readonly #options: UploadOptions;
  readonly #scopes: readonly string[];
  #location: URL | undefined;
  #isFirstAttempt = true;
  sentBytes = 0;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#scopes = options.client.pushScopes();
    this.#location = options.location;
  }

  async attempt(): Promise<void> {
    const { blob, chunkBytes } = this.#options;
    if (!this.#isFirstAttempt) await this.#askHowMuch();
    this.#isFirstAttempt = false;
    this.#location ??= await beginUpload(this.#options.client);
    if (blob.size > chunkBytes) {
      while (this.sentBytes < blob.size) await this.#sendChunk();
    }
    await this.#finish(this.#location);
  }

  async #askHowMuch(): Promise<void> {
    const { client, count } = this.#options;
    const before = this.sentBytes;
    if (this.#location !== undefined && before > 0) {
      const response = await client.send({
        method: "GET",
        path: this.#location,
        scopes: this.#scopes,
        accepted: [204, 404],
      });
      response.discard();
      const end = /^(?:bytes=)?0-([0-9]{1,15})$/.exec(response.headers.range ?? "")?.[1];
      // 0-0 is one byte by the specification, and none by the registry that most others were made from.
      if (response.status === 204 && end !== undefined && end !== "0") {
        this.sentBytes = Math.min(Number(end) + 1, this.#options.blob.size);
        this.#location = locationOf(response) ?? this.#location;
        count(this.sentBytes - before);
        return;
      }
    }
    this.#location = undefined;
    this.sentBytes = 0;
    count(-before);
  }

  async #sendChunk(): Promise<void> {
    const { client, blob, chunkBytes, count } = this.#options;
    const start = this.sentBytes;
    const end = Math.min(start + chunkBytes, blob.size);
    const response = await client.send({
      method: "PATCH",
      path: this.#location ?? "",
      scopes: this.#scopes,
      headers: { ...binary, "content-length": `${end - start}`, "content-range": `${start}-${end - 1}` },
      body: () => this.#read(start, end),
      accepted: [202],
    });
    response.discard();
    this.#location = requireLocation(response);
    this.sentBytes = end;
    count(end - start);
  }

  async #finish(location: URL): Promise<void> {
    const { client, blob, count } = this.#options;
    const start = this.sentBytes;
    const url = new URL(this.#location ?? location);
    url.searchParams.set("digest", blob.digest);
    const response = await client.send({
      method: "PUT",
      path: url,
      scopes: this.#scopes,
      headers: { ...binary, "content-length": `${blob.size - start}` },
      body: () => (start < blob.size ? this.#read(start, blob.size) : []),
      accepted: [201, 204],
    });
    response.discard();
    this.sentBytes = blob.size;
    count(blob.size - start);
  }

  #read(start: number, end: number): AsyncIterable<Uint8Array> {
    // A stream without an encoding yields bytes.
    return createReadStream(this.#options.path, { start, end: end - 1 }) as AsyncIterable<Uint8Array>;
  }
}

async function beginUpload(client: RegistryClient): Promise<URL> {
  const response = await client.send({
    method: "POST",
    path: `${client.repository}/blobs/uploads/`,
    scopes: client.pushScopes(),
    headers: { "content-length": "0" },
    accepted: [202],
  });
  response.discard();
  return requireLocation(response);
}

export function locationOf({ headers: { location }, url }: RegistryResponse): URL | undefined {
  return location === undefined ? undefined : resolveLocation(location, url);
}

function requireLocation(response: RegistryResponse): URL {
  const location = locationOf(response);
  if (location !== undefined) return location;
  throw new KwasmError("corrupt", `uploading to "${response.url.origin}": it does not say where to`);
}
