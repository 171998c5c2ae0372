import type { ClientRequest } from "node:http";
import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { nodeHttp, nodeTls } from "#base";
import { Signal } from "../pollable.ts";
import type { IncomingContent, ResponseHead } from "./exchange.ts";
import { type Field, receivedFields, valueOf } from "./field.ts";
import type { HttpClient, HttpRequest, PendingResponse } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import { MessageContent } from "./message-content.ts";
import type { ContentTarget } from "./outgoing-content.ts";
import { failureOfConnection, type RequestTarget, targetOf } from "./request-target.ts";

/** Requests of one guest's instance at a time; each has a socket. */
const requestsMax = 128;
/** The most bytes of a response's head. */
const headBytesMax = 65_536;

/** Connects a guest to where it may connect, and says by its errors why not. */
export interface Connector {
  connect(target: RequestTarget, signal: AbortSignal): Promise<Socket>;
}

/** A request under way. */
interface OpenRequest extends PendingResponse {
  /** Called once, when nothing of it is left. */
  onOver(callback: () => void): void;
}

/** Answers a request in this process; undefined for those that go out. Throws an HttpFailure for what is refused. */
export type AnswerInside = (request: HttpRequest) => OpenRequest | undefined;

/** What a client has of its guest. */
export interface ClientOptions {
  /** Added to requests that do not say which trace they belong to. */
  readonly traceFields: () => readonly Field[];
  /** Whom the guest trusts besides those that everybody does; asked for each request that is secured. */
  readonly trust?: () => SecureContext | undefined;
  /** Left out: all requests go out. */
  readonly answerInside?: AnswerInside;
}

/** Sends each request on a connection of its own, which its connector makes. */
export class ConnectingClient implements HttpClient {
  readonly #connector: Connector;
  readonly #options: ClientOptions;
  readonly #pending = new Set<OpenRequest>();

  constructor(connector: Connector, options: ClientOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  send(request: HttpRequest): PendingResponse {
    if (this.#pending.size >= requestsMax) {
      throw new HttpFailure({ tag: "connection-limit-reached" }, `send a request: "${requestsMax}" are under way`);
    }
    const traced = this.#traced(request);
    const inside = this.#options.answerInside?.(traced);
    if (inside !== undefined) return this.#keep(inside);
    const sent = new SentRequest(traced, targetOf(request.head));
    this.#keep(sent);
    void sent.start(this.#connector, this.#options.trust);
    return sent;
  }

  #traced(request: HttpRequest): HttpRequest {
    const { head } = request;
    if (valueOf(head.fields, "traceparent") !== undefined) return request;
    return { ...request, head: { ...head, fields: [...head.fields, ...this.#options.traceFields()] } };
  }

  #keep(request: OpenRequest): OpenRequest {
    this.#pending.add(request);
    request.onOver(() => this.#pending.delete(request));
    return request;
  }

  /** Ends everything that is under way. */
  close(): void {
    for (const sent of this.#pending) sent.cancel();
  }
}

type Outcome = { readonly head: ResponseHead; readonly content: IncomingContent } | HttpFailure;

class SentRequest implements OpenRequest {
  readonly #request: HttpRequest;
  readonly #target: RequestTarget;
  readonly #changed = new Signal();
  readonly #abort = new AbortController();
  #outcome: Outcome | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Called when its connection is no more. */
  #whenOver: () => void = () => undefined;

  readonly ready = {
    isReady: () => this.#outcome !== undefined,
    onReady: (callback: () => void) => this.#changed.onReady(callback),
  };

  constructor(request: HttpRequest, target: RequestTarget) {
    this.#request = request;
    this.#target = target;
  }

  onOver(callback: () => void): void {
    this.#whenOver = callback;
  }

  outcome(): Outcome | undefined {
    return this.#outcome;
  }

  cancel(): void {
    this.#settle(new HttpFailure({ tag: "connection-terminated" }, "send a request: it was given up"));
    this.#end();
  }

  async start(connector: Connector, trust: ClientOptions["trust"]): Promise<void> {
    this.#limit(this.#request.connectMs, { tag: "connection-timeout" });
    try {
      const plain = await connector.connect(this.#target, this.#abort.signal);
      // The one that is ended where it is never secured.
      this.#socket = plain;
      plain.on("error", (error) => this.#fail(error));
      const socket = this.#target.scheme === "https" ? await secured(plain, this.#target.host, trust?.()) : plain;
      if (this.#abort.signal.aborted) plain.destroy();
      else this.#send(socket);
    } catch (thrown) {
      this.#settle(failureOfConnection(thrown));
      this.#end();
    }
  }

  #send(socket: Socket): void {
    this.#socket = socket;
    this.#limit(this.#request.firstByteMs, { tag: "HTTP-response-timeout" });
    socket.once("close", () => this.#end());
    const { head } = this.#request;
    const begin = (framing: readonly string[]): ClientRequest => this.#begin(socket, framing);
    this.#request.content.sendTo(new RequestContentTarget(head, begin, () => this.cancel()));
  }

  /** Sends the head, once it is known how the body is framed. */
  #begin(socket: Socket, framing: readonly string[]): ClientRequest {
    const { method, pathWithQuery, fields } = this.#request.head;
    const sent = nodeHttp().request({
      createConnection: () => socket,
      method,
      path: pathOf(pathWithQuery),
      // Fields as a list keep their order and letters; the host is the request's authority.
      headers: ["Host", this.#target.authority, "Connection", "close", ...framing, ...fields.flat()],
      setHost: false,
      maxHeaderSize: headBytesMax,
    });
    // Whoever connects gives a socket that does not read yet.
    sent.once("socket", () => socket.resume());
    sent.once("response", (response) => {
      clearTimeout(this.#timer);
      socket.setTimeout(this.#request.betweenBytesMs, () => {
        socket.destroy(new HttpFailure({ tag: "connection-read-timeout" }, "read a response: nothing more came"));
      });
      const content = new MessageContent(response, {
        bytesMax: Number.MAX_SAFE_INTEGER,
        tooLarge: "HTTP-response-body-size",
        trailers: () => receivedFields(response.rawTrailers),
      });
      this.#settle({
        head: { status: response.statusCode ?? 0, fields: receivedFields(response.rawHeaders) },
        content,
      });
    });
    sent.once("upgrade", () => this.#fail(new HttpFailure({ tag: "HTTP-upgrade-failed" }, "send a request")));
    sent.on("error", (error) => this.#fail(error));
    return sent;
  }

  #limit(milliseconds: number, code: { readonly tag: "connection-timeout" | "HTTP-response-timeout" }): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#fail(new HttpFailure(code, `send a request: nothing came within "${milliseconds}" ms`));
    }, milliseconds);
  }

  #fail(error: unknown): void {
    this.#settle(HttpFailure.from(error, "send a request"));
    this.#end();
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#changed.fire();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#socket?.destroy();
    this.#request.content.break(new HttpFailure({ tag: "connection-terminated" }, "write a body: its reader is gone"));
    this.#whenOver();
  }
}

/** Speaks TLS on a connection; the name is the one that the guest asked for. */
function secured(socket: Socket, host: string, secureContext?: SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // RFC 6066: a server is told no address as its name; its certificate is for the address all the same.
    const peer = isIP(host) === 0 ? { servername: host } : { host };
    const secure = nodeTls().connect({
      socket,
      ...peer,
      ...(secureContext && { secureContext }),
      ALPNProtocols: ["http/1.1"],
    });
    secure.once("secureConnect", () => resolve(secure));
    secure.once("error", reject);
  });
}

function pathOf(pathWithQuery: string | undefined): string {
  if (pathWithQuery === undefined || pathWithQuery === "") return "/";
  return pathWithQuery.startsWith("?") ? `/${pathWithQuery}` : pathWithQuery;
}

/** Methods whose requests say how long their body is, also where there is none. */
const methodsWithBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** The body of a request: how it is framed is known when it begins. */
class RequestContentTarget implements ContentTarget {
  readonly #hasLength: boolean;
  readonly #begin: (framing: readonly string[]) => ClientRequest;
  readonly #method: string;
  readonly #onCut: () => void;
  #sent: ClientRequest | undefined;
  #isCut = false;

  constructor(
    head: { readonly method: string; readonly fields: readonly Field[] },
    begin: (framing: readonly string[]) => ClientRequest,
    onCut: () => void,
  ) {
    this.#onCut = onCut;
    this.#method = head.method;
    this.#hasLength = valueOf(head.fields, "content-length") !== undefined;
    this.#begin = begin;
  }

  heldBytes(): number {
    return this.#sent?.writableLength ?? 0;
  }

  begin(): void {
    if (this.#isCut) return;
    this.#sent = this.#begin(this.#hasLength ? [] : chunked);
    this.#sent.flushHeaders();
  }

  write(bytes: Uint8Array, onWritten: () => void): void {
    this.#sent?.write(bytes, onWritten);
  }

  end(trailers: readonly Field[]): void {
    if (trailers.length > 0 && !this.#hasLength) {
      this.#sent?.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
    }
    this.#sent?.end();
  }

  sendWhole(bytes: Uint8Array, trailers: readonly Field[]): void {
    if (this.#isCut) return;
    this.#sent = this.#begin(this.#framingOf(bytes, trailers));
    if (bytes.length > 0) this.#sent.write(bytes);
    this.end(trailers);
  }

  cut(): void {
    this.#isCut = true;
    this.#onCut();
  }

  #framingOf(bytes: Uint8Array, trailers: readonly Field[]): readonly string[] {
    if (this.#hasLength) return [];
    if (trailers.length > 0) return chunked;
    return bytes.length > 0 || methodsWithBody.has(this.#method) ? ["Content-Length", String(bytes.length)] : [];
  }
}

const chunked = ["Transfer-Encoding", "chunked"];
