import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Digest } from "../../digest.ts";
import type { ImageStore } from "../../store/store.ts";

/** Answers a request, or leaves it to what the store has by returning false. */
export type Script = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A server that speaks as much of a registry as serves the images of a store by any name, and else what a test scripts. */
export class ScriptedRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #store: ImageStore;
  /** `METHOD path` of all that was asked. */
  readonly asked: string[] = [];
  script: Script = () => false;

  static async start(store: ImageStore): Promise<ScriptedRegistry> {
    const registry = new ScriptedRegistry(store);
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  private constructor(store: ImageStore) {
    this.#store = store;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    // A server that listens on TCP has an address of this kind.
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  countOf(start: string): number {
    return this.asked.filter((line) => line.startsWith(start)).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${request.method} ${request.url}`);
    if (await this.script(request, response)) return;
    this.serve(request, response);
  }

  /** What an honest registry answers. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    const [, kind, name = ""] = /\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? "") ?? [];
    if (kind === undefined) return void response.writeHead(200).end("{}");
    const found = name.startsWith("sha256:") ? undefined : this.#store.list()[0]?.descriptor;
    const { digest, mediaType } = found ?? { digest: name as Digest, mediaType: "application/octet-stream" };
    const path = this.#store.layout.blobPath(digest);
    if (!existsSync(path)) return void response.writeHead(404).end('{"errors":[{"code":"NOT_FOUND"}]}');
    sendPart(request, response, { content: readFileSync(path), headers: { "content-type": mediaType } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

interface Part {
  readonly content: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

function sendPart({ headers: { range } }: IncomingMessage, response: ServerResponse, { content, headers }: Part): void {
  const start = Number(/^bytes=([0-9]+)-$/.exec(range ?? "")?.[1] ?? 0);
  const rest = content.subarray(start);
  const contentRange = `bytes ${start}-${content.length - 1}/${content.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    ...headers,
    "content-length": rest.length,
    ...(start > 0 ? { "content-range": contentRange } : {}),
  });
  response.end(rest);
}
