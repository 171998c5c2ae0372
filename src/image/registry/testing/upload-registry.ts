import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Digest, digestOf, isDigest } from "../../digest.ts";

/** A server that takes blobs and manifests as a registry does, in memory, and may hold an upload. */
export class UploadRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly blobs = new Map<Digest, Buffer>();
  readonly manifests = new Map<string, Buffer>();
  /** How often each blob was sent whole. */
  readonly uploads: Digest[] = [];
  /** Blobs of more bytes are not taken to their end. */
  heldBytesMin = Infinity;
  readonly #held = Promise.withResolvers<void>();

  static async start(): Promise<UploadRegistry> {
    const registry = new UploadRegistry();
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      // A client that is killed breaks its request off.
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    // A server that listens on TCP has an address of this kind.
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  /** Resolves when the first bytes of an upload came that is held. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = "" } = request;
    const [, kind, name = ""] = /\/(manifests|blobs)\/([^?]+)/.exec(url) ?? [];
    if (method === "POST") return void response.writeHead(202, { location: `${url.split("?")[0]}1` }).end();
    if (method === "PUT" && kind === "blobs") return this.#takeBlob(request, response);
    if (method === "PUT") {
      this.manifests.set(name, await readAll(request));
      return void response.writeHead(201).end();
    }
    const isThere = kind === "blobs" ? isDigest(name) && this.blobs.has(name) : this.manifests.has(name);
    response.writeHead(kind === undefined || isThere ? 200 : 404).end();
  }

  async #takeBlob(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (Number(request.headers["content-length"]) >= this.heldBytesMin) {
      await once(request, "data");
      request.pause();
      return this.#held.resolve();
    }
    const content = await readAll(request);
    const digest = digestOf(content);
    if (!request.url?.endsWith(encodeURIComponent(digest))) return void response.writeHead(400).end();
    this.uploads.push(digest);
    this.blobs.set(digest, content);
    response.writeHead(201).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
