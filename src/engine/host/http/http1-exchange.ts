import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpExchange, IncomingContent, RequestHead, ResponseHead } from "./exchange.ts";
import { type Field, receivedFields, valueOf } from "./field.ts";
import { MessageContent } from "./message-content.ts";
import type { ContentTarget, OutgoingContent } from "./outgoing-content.ts";
import { clientGone } from "./client-gone.ts";

/** Contents up to this size are copied to go out with the head. */
const joinedBytesMax = 4_096;

interface Http1ExchangeOptions {
  readonly bodyBytesMax: number;
  /** The client waits with its body until it is told to go on. */
  readonly expectsContinue: boolean;
}

/** A request of HTTP/1.1. */
export class Http1Exchange implements HttpExchange {
  readonly request: RequestHead;
  readonly client: string;
  readonly clientPort: number;
  readonly protocol: string;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #sent: OutgoingContent | undefined;
  #answeredBytes = 0;
  #isCut = false;
  readonly #options: Http1ExchangeOptions;
  #content: IncomingContent | undefined;
  #whenOver: (() => void)[] = [];
  #whenAbandoned: (() => void)[] = [];

  constructor(message: IncomingMessage, response: ServerResponse, options: Http1ExchangeOptions) {
    this.#message = message;
    this.#response = response;
    this.client = message.socket.remoteAddress ?? "-";
    this.clientPort = message.socket.remotePort ?? 0;
    this.protocol = `HTTP/${message.httpVersion}`;
    this.request = new Http1RequestHead(message);
    this.#options = options;
    // One for all who are to be told: each listener of Node's is an object more for each request.
    response.once("close", () => this.#close());
  }

  /** Made when it is asked for: most requests have none. */
  get content(): IncomingContent {
    return (this.#content ??= this.#makeContent());
  }

  #makeContent(): IncomingContent {
    const message = this.#message;
    const response = this.#response;
    return new MessageContent(message, {
      bytesMax: this.#options.bodyBytesMax,
      tooLarge: "HTTP-request-body-size",
      onOpen: () => {
        if (this.#options.expectsContinue && !response.headersSent) response.writeContinue();
      },
      onTooLarge: () => this.#refuseBody(),
      trailers: () => receivedFields(message.rawTrailers),
    });
  }

  get status(): number | undefined {
    return this.#response.headersSent ? this.#response.statusCode : undefined;
  }

  get answeredBytes(): number {
    return this.#sent?.writtenBytes ?? this.#answeredBytes;
  }

  get isOver(): boolean {
    return this.#response.closed || this.#response.writableFinished;
  }

  onAbandoned(callback: () => void): void {
    this.#whenAbandoned.push(callback);
  }

  onOver(callback: () => void): void {
    this.#whenOver.push(callback);
  }

  #close(): void {
    if (!this.#response.writableFinished) {
      this.#sent?.break(clientGone());
      for (const callback of this.#whenAbandoned) callback();
    }
    for (const callback of this.#whenOver) callback();
  }

  inform({ status, fields }: ResponseHead): boolean {
    const response = this.#response;
    if (response.headersSent || this.#message.httpVersion !== "1.1") return false;
    if (status === 100) response.writeContinue();
    else if (status === 102) response.writeProcessing();
    else if (status === 103 && valueOf(fields, "link") !== undefined) response.writeEarlyHints(hintsOf(fields));
    else return false;
    return true;
  }

  respond(head: ResponseHead, content: OutgoingContent): void {
    this.#sent = content;
    content.sendTo(this.#targetFor(head));
  }

  endContent(): void {
    this.#sent?.fail();
  }

  refuse(status: number, text: string, fields: readonly Field[] = []): void {
    const response = this.#response;
    if (response.headersSent) {
      this.#cut();
      return;
    }
    this.#sent?.break(clientGone());
    const bytes = Buffer.from(`${text}\n`);
    this.#answeredBytes = bytes.length;
    const shown = [...fields, ["content-type", "text/plain; charset=utf-8"], ["content-length", String(bytes.length)]];
    response.writeHead(status, shown.flat());
    response.end(bytes);
  }

  #refuseBody(): void {
    this.refuse(413, "the body is larger than this server takes", [["connection", "close"]]);
  }

  #cut(): void {
    this.#isCut = true;
    this.#response.destroy();
  }

  #targetFor({ status, fields }: ResponseHead): ContentTarget {
    const response = this.#response;
    const raw = fields.flat();
    return {
      heldBytes: () => response.writableLength,
      begin: () => {
        if (this.#canSend()) response.writeHead(status, raw).flushHeaders();
      },
      write: (bytes, onWritten) => {
        if (!this.#isCut) response.write(bytes, onWritten);
      },
      end: (trailers) => this.#end(trailers),
      sendWhole: (bytes, trailers) => {
        if (!this.#canSend()) return;
        const hasLength =
          trailers.length > 0 || mayNotHaveLength(status) || valueOf(fields, "content-length") !== undefined;
        if (!hasLength) raw.push("content-length", String(bytes.length));
        response.writeHead(status, raw);
        if (trailers.length === 0 && bytes.length <= joinedBytesMax) {
          response.end(textOf(bytes), "latin1");
          return;
        }
        if (bytes.length > 0) response.write(bytes);
        this.#end(trailers);
      },
      cut: () => this.#cut(),
    };
  }

  /** A client that sent too much was answered already. */
  #canSend(): boolean {
    return !this.#isCut && !this.#response.headersSent;
  }

  #end(trailers: readonly Field[]): void {
    if (trailers.length > 0) {
      this.#response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
    }
    this.#response.end();
  }
}

/** The same bytes as a character each: Node makes one piece of a head and a text, and two of a head and bytes. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Statuses whose messages have no content and must not say how long it is. */
function mayNotHaveLength(status: number): boolean {
  return status === 204 || status === 304;
}

function hintsOf(fields: readonly Field[]): Record<string, string | string[]> {
  const hints: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = hints[key];
    hints[key] = before === undefined ? value : [before, value].flat();
  }
  return hints;
}

/** Read when a guest asks: most guests ask for the path only. */
class Http1RequestHead implements RequestHead {
  readonly #message: IncomingMessage;
  #fields: readonly Field[] | undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  readonly scheme = "http";

  get method(): string {
    return this.#message.method ?? "GET";
  }

  get authority(): string | undefined {
    return absoluteForm(this.#message.url)?.authority ?? this.#message.headers.host;
  }

  get pathWithQuery(): string {
    const url = this.#message.url ?? "/";
    return absoluteForm(url)?.path ?? url;
  }

  get fields(): readonly Field[] {
    return (this.#fields ??= receivedFields(this.#message.rawHeaders));
  }
}

const absolutePattern = /^https?:\/\/(?<authority>[^/?#]*)(?<path>.*)$/i;

/** A request to a proxy names its host in its target; what is meant is the same as with a field of that name. */
function absoluteForm(target = ""): { readonly authority: string; readonly path: string } | undefined {
  if (target.startsWith("/")) return undefined;
  const { authority, path } = absolutePattern.exec(target)?.groups ?? {};
  if (authority === undefined || path === undefined) return undefined;
  return { authority, path: path.startsWith("/") ? path : `/${path}` };
}
