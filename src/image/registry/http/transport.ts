import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { KwasmError, nodeHttp, nodeHttps } from "#base";
import type { RegistryLimits } from "../limits.ts";
import { connectionFailure, describeUrl, TransientFailure } from "./failures.ts";

/** How a server's certificate is judged. */
export interface TlsSettings {
  /** Certificates in PEM that are trusted instead of the well-known ones. */
  readonly ca?: readonly string[];
  readonly isUnverified?: boolean;
}

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length, which the headers say. */
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly tls?: TlsSettings;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end, or left by `discard`. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Requests over HTTP and HTTPS, with connections that are used again. No redirects, no credentials, no retries. */
export class Transport implements Disposable {
  readonly #limits: RegistryLimits;
  readonly #proxies: Variables;
  readonly #agents = new Map<string, Agent>();

  /** `proxies` has HTTPS_PROXY and its kin, which are not used for this machine itself. */
  constructor(limits: RegistryLimits, proxies: Variables = {}) {
    this.#limits = limits;
    this.#proxies = proxies;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    try {
      return await this.#exchange(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw connectionFailure(error, request.url);
    }
  }

  #exchange(request: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const sent = this.#begin(request);
    const stall = new StallWatch(this.#limits.stallMs, (error) => sent.destroy(error), request.url);
    sent.once("error", (error) => {
      stall.stop();
      reject(error);
    });
    sent.once("response", (response) => {
      stall.stop();
      resolve(this.#answer(response, request));
    });
    stall.touch();
    writeBody(sent, request.body, stall).catch((error: unknown) => sent.destroy(connectionFailure(error, request.url)));
    return promise;
  }

  #begin({ url, method, headers = {}, tls = {}, signal }: HttpRequest): ClientRequest {
    const isSecure = url.protocol === "https:";
    const options = {
      method,
      headers: { ...headers },
      agent: this.#agentOf(url, tls),
      maxHeaderSize: this.#limits.headerBytesMax,
      ...(signal === undefined ? {} : { signal }),
    };
    return isSecure ? nodeHttps().request(url, options) : nodeHttp().request(url, options);
  }

  #agentOf(url: URL, tls: TlsSettings): Agent {
    const key = `${url.origin} ${tls.isUnverified === true} ${tls.ca?.join("") ?? ""}`;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const proxyEnv = isLoopback(url.hostname) ? {} : { proxyEnv: { ...this.#proxies } };
    const options = { keepAlive: true, ...proxyEnv };
    const agent =
      url.protocol === "https:"
        ? new (nodeHttps().Agent)({
            ...options,
            ...(tls.ca === undefined ? {} : { ca: [...tls.ca] }),
            rejectUnauthorized: tls.isUnverified !== true,
          })
        : new (nodeHttp().Agent)(options);
    this.#agents.set(key, agent);
    return agent;
  }

  #answer(response: IncomingMessage, { url, signal }: HttpRequest): HttpResponse {
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: readBody(response, { url, stallMs: this.#limits.stallMs, signal }),
      discard: () => void response.on("error", ignoreLateError).destroy(),
    };
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

/** Names and addresses of this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}

/** Nobody reads a body that was left. */
function ignoreLateError(): undefined {
  return undefined;
}

/** Ends an exchange in which nothing moves. */
class StallWatch {
  readonly #stallMs: number;
  readonly #end: (error: KwasmError) => void;
  readonly #url: URL;
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number, end: (error: KwasmError) => void, url: URL) {
    this.#stallMs = stallMs;
    this.#end = end;
    this.#url = url;
  }

  touch(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      const message = `asking "${describeUrl(this.#url)}": nothing came for ${this.#stallMs} ms; try again later`;
      this.#end(new TransientFailure(new KwasmError("deadline-exceeded", message)));
    }, this.#stallMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function writeBody(sent: ClientRequest, body: HttpRequest["body"], stall: StallWatch): Promise<void> {
  for await (const chunk of body ?? []) {
    if (sent.destroyed) return;
    const isFull = !sent.write(chunk);
    if (isFull) await drained(sent);
    stall.touch();
  }
  sent.end();
}

function drained(sent: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    sent.once("drain", finish).once("close", finish);
    function finish(): void {
      sent.off("drain", finish).off("close", finish);
      resolve();
    }
  });
}

interface BodyOptions {
  readonly url: URL;
  readonly stallMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The time of a reader who is slow to take a chunk does not count. */
async function* readBody(response: IncomingMessage, { url, stallMs, signal }: BodyOptions): AsyncGenerator<Uint8Array> {
  const stall = new StallWatch(stallMs, (error) => response.destroy(error), url);
  // What an IncomingMessage without an encoding yields are Buffers.
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      stall.touch();
      const next = await chunks.next();
      stall.stop();
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw connectionFailure(error, url);
  } finally {
    stall.stop();
    response.on("error", ignoreLateError).destroy();
  }
}

/** A whole body that is small by its nature. */
export async function readWhole({ body }: HttpResponse, bytesMax: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > bytesMax) throw new KwasmError("limit-exceeded", `reading ${what}: it passes ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
