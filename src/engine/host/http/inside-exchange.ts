import { PassThrough } from "node:stream";
import { Signal } from "../pollable.ts";
import type { HttpExchange, IncomingContent, RequestHead, ResponseHead } from "./exchange.ts";
import type { Field } from "./field.ts";
import type { HttpRequest, PendingResponse } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import { MessageContent } from "./message-content.ts";
import { type ContentTarget, OutgoingContent } from "./outgoing-content.ts";

type Outcome = { readonly head: ResponseHead; readonly content: IncomingContent } | HttpFailure;

interface InsideExchangeOptions {
  /** What the one who answers is told of the request. */
  readonly head: RequestHead;
  /** The client's address, for logs and for the one who answers. */
  readonly client: string;
  /** How many exchanges led to this one, itself counted. */
  readonly depth: number;
  /** The most bytes of the request's body. */
  readonly bodyBytesMax: number;
}

/** A request that one guest makes and another answers in the same process: both of its ends, and no socket between. */
export class InsideExchange implements HttpExchange, PendingResponse {
  readonly request: RequestHead;
  readonly content: IncomingContent;
  readonly client: string;
  readonly clientPort = 0;
  readonly protocol = "HTTP/1.1";
  readonly depth: number;
  readonly #sent: HttpRequest;
  readonly #toGuest = new ContentPipe();
  readonly #changed = new Signal();
  #fromGuest: ContentPipe | undefined;
  #answer: OutgoingContent | undefined;
  #outcome: Outcome | undefined;
  #status: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  readonly #whenAbandoned: (() => void)[] = [];
  readonly #whenOver: (() => void)[] = [];

  readonly ready = {
    isReady: () => this.#outcome !== undefined,
    onReady: (callback: () => void) => this.#changed.onReady(callback),
  };

  constructor(sent: HttpRequest, { head, client, depth, bodyBytesMax }: InsideExchangeOptions) {
    this.#sent = sent;
    this.request = head;
    this.client = client;
    this.depth = depth;
    this.content = contentOf(this.#toGuest, bodyBytesMax, "HTTP-request-body-size");
    sent.content.sendTo(this.#toGuest);
    this.#limit(sent.firstByteMs, "HTTP-response-timeout");
  }

  outcome(): Outcome | undefined {
    return this.#outcome;
  }

  cancel(): void {
    this.#abandon(gone("send a request: it was given up"));
  }

  get status(): number | undefined {
    return this.#status;
  }

  get answeredBytes(): number {
    return this.#answer?.writtenBytes ?? 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  onAbandoned(callback: () => void): void {
    this.#whenAbandoned.push(callback);
  }

  onOver(callback: () => void): void {
    if (this.#isOver) callback();
    else this.#whenOver.push(callback);
  }

  /** Guests are told nothing ahead of an answer. */
  inform(): boolean {
    return false;
  }

  respond(head: ResponseHead, content: OutgoingContent): void {
    if (this.#isOver || this.#answer !== undefined) {
      content.break(gone("answer a request: nobody waits for it"));
      return;
    }
    this.#answer = content;
    const pipe = new ContentPipe(() => this.#begin(head, pipe));
    this.#fromGuest = pipe;
    pipe.stream.once("close", () => {
      if (this.#fromGuest === pipe) this.#end();
    });
    content.sendTo(pipe);
  }

  endContent(): void {
    this.#answer?.fail();
  }

  refuse(status: number, text: string, fields: readonly Field[] = []): void {
    if (this.#outcome !== undefined) {
      this.#fromGuest?.cut();
      return;
    }
    // An answer that nobody was told of is taken back.
    this.#answer?.break(gone("answer a request: it was refused"));
    this.#answer = undefined;
    const content = new OutgoingContent();
    content.write(Buffer.from(`${text}\n`));
    content.finish([]);
    this.respond({ status, fields: [...fields, ["content-type", "text/plain; charset=utf-8"]] }, content);
  }

  /** The head goes with the first piece of the body, or with all of it. */
  #begin(head: ResponseHead, pipe: ContentPipe): void {
    this.#status = head.status;
    this.#limit(this.#sent.betweenBytesMs, "connection-read-timeout");
    pipe.onWritten = () => this.#timer?.refresh();
    this.#settle({ head, content: contentOf(pipe, Number.MAX_SAFE_INTEGER, "HTTP-response-body-size") });
  }

  #limit(milliseconds: number, tag: "HTTP-response-timeout" | "connection-read-timeout"): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#abandon(new HttpFailure({ tag }, `send a request: nothing came within "${milliseconds}" ms`));
    }, milliseconds);
  }

  /** Nobody takes the answer any more; `failure` is what the one who asked is told, where it was told nothing yet. */
  #abandon(failure: HttpFailure): void {
    if (this.#isOver) return;
    this.#settle(failure);
    this.#fromGuest?.stream.destroy(failure);
    this.#answer?.break(gone("answer a request: nobody waits for it"));
    for (const callback of this.#whenAbandoned) callback();
    this.#end();
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#changed.fire();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    // An answer that was cut off before it had a head.
    this.#settle(gone("send a request: it was not answered"));
    this.#toGuest.cut();
    this.#sent.content.break(gone("write a body: its reader is gone"));
    for (const callback of this.#whenOver) callback();
  }
}

/** Carries a body from one guest to the other; what the reader has not taken holds the writer up. */
class ContentPipe implements ContentTarget {
  readonly stream = new PassThrough();
  readonly #onBegin: () => void;
  trailers: readonly Field[] = [];
  onWritten: () => void = () => undefined;

  constructor(onBegin: () => void = () => undefined) {
    this.#onBegin = onBegin;
    // Whoever reads is told of an error; where nobody does yet, it is none of the process.
    this.stream.on("error", () => undefined);
  }

  heldBytes(): number {
    return this.stream.writableLength;
  }

  begin(): void {
    if (!this.stream.destroyed) this.#onBegin();
  }

  write(bytes: Uint8Array, onWritten: () => void): void {
    if (this.stream.destroyed) return;
    this.onWritten();
    this.stream.write(bytes, onWritten);
  }

  end(trailers: readonly Field[]): void {
    this.trailers = trailers;
    this.stream.end();
  }

  sendWhole(bytes: Uint8Array, trailers: readonly Field[]): void {
    this.begin();
    if (bytes.length > 0) this.stream.write(bytes);
    this.end(trailers);
  }

  cut(): void {
    this.stream.destroy();
  }
}

function contentOf(
  pipe: ContentPipe,
  bytesMax: number,
  tooLarge: "HTTP-request-body-size" | "HTTP-response-body-size",
): MessageContent {
  return new MessageContent(pipe.stream, { bytesMax, tooLarge, trailers: () => pipe.trailers });
}

function gone(message: string): HttpFailure {
  return new HttpFailure({ tag: "connection-terminated" }, message);
}
