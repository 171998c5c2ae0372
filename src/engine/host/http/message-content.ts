import type { Readable } from "node:stream";
import { NodeInput } from "../node-stream.ts";
import { type Pollable, Signal } from "../pollable.ts";
import type { InputStream } from "../stream.ts";
import type { IncomingContent } from "./exchange.ts";
import type { Field } from "./field.ts";
import { HttpFailure } from "./http-failure.ts";

interface MessageContentOptions {
  /** The most bytes of content that are taken. */
  readonly bytesMax: number;
  /** Told when the first byte is asked for. */
  readonly onOpen?: () => void;
  /** Told when there were more bytes than are taken. */
  readonly onTooLarge?: () => void;
  /** The fields after the content, once its end has come. */
  readonly trailers: () => readonly Field[];
  /** What too much content is called. */
  readonly tooLarge: "HTTP-request-body-size" | "HTTP-response-body-size";
}

/** The content of a message that Node reads. */
export class MessageContent implements IncomingContent {
  readonly #message: Readable;
  readonly #options: MessageContentOptions;
  readonly #changed = new Signal();
  #isWatched = false;
  #failure: HttpFailure | undefined;
  #readBytes = 0;

  readonly ended: Pollable = {
    isReady: () => this.#isAtEnd() || this.#failure !== undefined,
    onReady: (callback) => {
      this.#watch();
      return this.#changed.onReady(callback);
    },
  };

  constructor(message: Readable, options: MessageContentOptions) {
    this.#message = message;
    this.#options = options;
  }

  open(): InputStream {
    this.#watch();
    const message = this.#message;
    const input = new NodeInput({
      isTerminal: false,
      open: () => {
        this.#options.onOpen?.();
        return message;
      },
      release: () => void message.removeAllListeners("readable"),
    });
    return this.#counted(input);
  }

  skip(): void {
    this.#watch();
    this.#message.on("data", (chunk: Uint8Array) => {
      if (this.#count(chunk.length)) return;
      this.#message.destroy();
    });
  }

  trailers(): readonly Field[] | HttpFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#isAtEnd() ? this.#options.trailers() : undefined;
  }

  #isAtEnd(): boolean {
    return this.#message.readableEnded;
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#message.once("end", () => this.#changed.fire());
    this.#message.once("error", (error) => this.#fail(HttpFailure.from(error, "read a body")));
    this.#message.once("close", () => {
      if (!this.#isAtEnd()) this.#fail(cutOff());
    });
    if (this.#message.destroyed && !this.#isAtEnd()) this.#fail(cutOff());
  }

  #fail(failure: HttpFailure): void {
    this.#failure ??= failure;
    this.#changed.fire();
  }

  /** Whether there may be so many bytes more. */
  #count(bytes: number): boolean {
    this.#readBytes += bytes;
    const { bytesMax, tooLarge, onTooLarge } = this.#options;
    if (this.#readBytes <= bytesMax) return true;
    const value = BigInt(this.#readBytes);
    this.#fail(new HttpFailure({ tag: tooLarge, value }, `read a body: it has more than "${bytesMax}" bytes`));
    onTooLarge?.();
    return false;
  }

  /** A body that is cut off or too large fails; its end must never look as if it were whole. */
  #counted(input: InputStream): InputStream {
    return {
      isTerminal: false,
      readable: input.readable,
      available: () => input.available(),
      read: (bytesMax) => this.#read(input, bytesMax),
      close: () => input.close(),
    };
  }

  #read(input: InputStream, bytesMax: number): Uint8Array | "ended" | undefined {
    try {
      const chunk = input.read(bytesMax);
      if (chunk instanceof Uint8Array && this.#count(chunk.length)) return chunk;
      if (this.#failure === undefined) return chunk;
    } catch (thrown) {
      throw this.#failure ?? thrown;
    }
    throw this.#failure;
  }
}

function cutOff(): HttpFailure {
  return new HttpFailure({ tag: "connection-terminated" }, "read a body: its sender is gone");
}
