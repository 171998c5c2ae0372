import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { nodeHttp2 } from "#base";
import { clientGone } from "./client-gone.ts";
import type { HttpExchange, IncomingContent, RequestHead, ResponseHead } from "./exchange.ts";
import { type Field, receivedFields, valueOf } from "./field.ts";
import { MessageContent } from "./message-content.ts";
import type { ContentTarget, OutgoingContent } from "./outgoing-content.ts";

interface Http2ExchangeOptions {
  readonly bodyBytesMax: number;
  readonly rawHeaders: readonly string[];
}

/** A request of HTTP/2. */
export class Http2Exchange implements HttpExchange {
  readonly request: RequestHead;
  readonly content: IncomingContent;
  readonly client: string;
  readonly clientPort: number;
  readonly protocol = "HTTP/2.0";
  readonly #stream: ServerHttp2Stream;
  #sent: OutgoingContent | undefined;
  #answeredBytes = 0;
  #status: number | undefined;
  #trailers: readonly string[] = [];
  #isComplete = false;

  constructor(stream: ServerHttp2Stream, { bodyBytesMax, rawHeaders }: Http2ExchangeOptions) {
    this.#stream = stream;
    this.client = stream.session?.socket.remoteAddress ?? "-";
    this.clientPort = stream.session?.socket.remotePort ?? 0;
    this.request = headOf(rawHeaders);
    stream.once("trailers", (_fields, _flags, raw: readonly string[]) => {
      this.#trailers = raw;
    });
    stream.on("error", ignoreError);
    this.content = new MessageContent(stream, {
      bytesMax: bodyBytesMax,
      tooLarge: "HTTP-request-body-size",
      onTooLarge: () => this.refuse(413, "the body is larger than this server takes"),
      trailers: () => receivedFields(this.#trailers),
    });
  }

  get status(): number | undefined {
    return this.#status;
  }

  get answeredBytes(): number {
    return this.#sent?.writtenBytes ?? this.#answeredBytes;
  }

  get isOver(): boolean {
    return this.#isComplete || this.#stream.closed;
  }

  onAbandoned(callback: () => void): void {
    this.#stream.once("close", () => {
      if (this.#isComplete) return;
      this.#sent?.break(clientGone());
      callback();
    });
  }

  onOver(callback: () => void): void {
    this.#stream.once("close", callback);
  }

  inform({ status, fields }: ResponseHead): boolean {
    const stream = this.#stream;
    if (stream.headersSent || stream.closed || status < 100 || status > 199 || status === 101) return false;
    stream.additionalHeaders(headersOf(status, fields));
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
    if (!this.#canSend()) {
      this.#cut();
      return;
    }
    this.#sent?.break(clientGone());
    const bytes = Buffer.from(`${text}\n`);
    this.#answeredBytes = bytes.length;
    this.#begin({ status, fields: [...fields, ["content-type", "text/plain; charset=utf-8"]] }, []);
    this.#end(bytes);
  }

  #canSend(): boolean {
    return !this.#stream.headersSent && !this.#stream.closed && !this.#stream.destroyed;
  }

  #cut(): void {
    if (!this.#stream.closed) this.#stream.close(nodeHttp2().constants.NGHTTP2_INTERNAL_ERROR);
  }

  #begin({ status, fields }: ResponseHead, trailers: readonly Field[] | "later"): void {
    this.#status = status;
    const stream = this.#stream;
    stream.respond(headersOf(status, fields), { waitForTrailers: trailers === "later" || trailers.length > 0 });
    if (trailers === "later") stream.once("wantTrailers", () => sendTrailers(stream, this.#sentTrailers));
    else if (trailers.length > 0) stream.once("wantTrailers", () => sendTrailers(stream, trailers));
  }

  #sentTrailers: readonly Field[] = [];

  #targetFor(head: ResponseHead): ContentTarget {
    const stream = this.#stream;
    return {
      heldBytes: () => stream.writableLength,
      begin: () => {
        if (this.#canSend()) this.#begin(head, "later");
      },
      write: (bytes, onWritten) => {
        if (!stream.destroyed && stream.writable) stream.write(bytes, onWritten);
      },
      end: (trailers) => {
        this.#sentTrailers = trailers;
        this.#end();
      },
      sendWhole: (bytes, trailers) => {
        if (!this.#canSend()) return;
        const hasLength = trailers.length > 0 || valueOf(head.fields, "content-length") !== undefined;
        const length: readonly Field[] = hasLength ? [] : [["content-length", String(bytes.length)]];
        this.#begin({ status: head.status, fields: [...head.fields, ...length] }, trailers);
        this.#end(bytes);
      },
      cut: () => this.#cut(),
    };
  }

  #end(bytes?: Uint8Array): void {
    if (this.#stream.destroyed) return;
    this.#stream.end(bytes, () => {
      this.#isComplete = true;
    });
  }
}

function ignoreError(): void {
  // A stream that fails closes, and that is what the guest is told.
}

function sendTrailers(stream: ServerHttp2Stream, trailers: readonly Field[]): void {
  if (stream.destroyed) return;
  stream.sendTrailers(collected(trailers));
}

function headersOf(status: number, fields: readonly Field[]): OutgoingHttpHeaders {
  return { ":status": status, ...collected(fields) };
}

function collected(fields: readonly Field[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

function headOf(raw: readonly string[]): RequestHead {
  function pseudo(wanted: string): string | undefined {
    const index = raw.findIndex((name, at) => at % 2 === 0 && name === wanted);
    return index < 0 ? undefined : raw[index + 1];
  }
  return {
    method: pseudo(":method") ?? "GET",
    scheme: pseudo(":scheme"),
    authority: pseudo(":authority") ?? pseudo("host"),
    pathWithQuery: pseudo(":path"),
    fields: receivedFields(raw),
  };
}
