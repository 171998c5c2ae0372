import type { Socket } from "node:net";

import { KwasmError, type Log } from "#base";
import { RpcResponse } from "#proto";

import { encodeFrame, type Frame, FrameSplitter, frameType, REMOTE_OPEN } from "./frame.ts";
import { statusOf } from "./status.ts";

/** Calls of one connection that are not answered yet; containerd has a handful, of which one Wait lasts for long. */
export const CALLS_PER_CONNECTION_MAX = 1_024;

/**
 * Answers one call: from the bytes of an RpcRequest to those of an RpcResponse. What it throws becomes the answer's
 * status. The signal is aborted when nobody waits for the answer any more.
 */
export type CallHandler = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

export interface ConnectionOptions {
  readonly handle: CallHandler;
  readonly log: Log;
  /** CALLS_PER_CONNECTION_MAX where it is left out. */
  readonly callsMax?: number;
  /**
   * Whether the other end is a part of this project that carries the calls of many connections: it may give a number
   * again whose call was answered, and says which calls are given up.
   */
  readonly isCarrier?: boolean;
}

/** One connection's side of the server: takes requests as they come and answers each when it is done. */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #splitter = new FrameSplitter();
  readonly #calls = new Map<number, AbortController>();
  #lastStream = 0;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  start(): void {
    const { log } = this.#options;
    this.#socket.on("data", (piece: Buffer) => this.#take(piece));
    // A caller that reads no answers is not read from either, so what it has cost stays bounded.
    this.#socket.on("drain", () => this.#socket.resume());
    this.#socket.on("error", (error) => log.debug("a connection broke", { reason: error.message }));
    this.#socket.on("close", () => this.#abandonCalls());
  }

  #take(piece: Buffer): void {
    try {
      for (const frame of this.#splitter.push(piece)) this.#accept(frame);
    } catch (error) {
      this.#options.log.warn("a connection is closed", { reason: KwasmError.from(error, "read a request").message });
      this.#socket.destroy();
    }
  }

  /** Throws for what no client of the protocol sends; the connection cannot be understood from there on. */
  #accept(frame: Frame): void {
    const { stream, type, flags } = frame;
    const { isCarrier = false, callsMax = CALLS_PER_CONNECTION_MAX } = this.#options;
    if (isCarrier && type === frameType.cancel) {
      this.#calls.get(stream)?.abort(givenUp());
      return;
    }
    if (type !== frameType.request) {
      throw new KwasmError("corrupt", `read a frame of type "${String(type)}": a client sends requests`);
    }
    const isNew = isCarrier ? !this.#calls.has(stream) : stream > this.#lastStream;
    if (stream % 2 !== 1 || !isNew) {
      throw new KwasmError("corrupt", `read stream "${String(stream)}": its number must be odd and new`);
    }
    this.#lastStream = stream;
    if ((flags & REMOTE_OPEN) !== 0) {
      this.#refuse(stream, new KwasmError("unsupported", "start a streaming call: only unary ones are served"));
    } else if (this.#calls.size >= callsMax) {
      this.#refuse(stream, tooManyCalls(callsMax));
    } else {
      void this.#serve(frame);
    }
  }

  async #serve({ stream, payload }: Frame): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(stream, controller);
    try {
      this.#answer(stream, await this.#options.handle(payload, controller.signal));
    } catch (error) {
      this.#refuse(stream, KwasmError.from(error, "answer a call"));
    } finally {
      this.#calls.delete(stream);
    }
  }

  #refuse(stream: number, error: KwasmError): void {
    this.#answer(stream, RpcResponse.encode({ status: statusOf(error) }));
  }

  #answer(stream: number, payload: Uint8Array): void {
    if (!this.#socket.writable) return;
    const frame = encodeFrame({ stream, type: frameType.response, flags: 0, payload });
    if (!this.#socket.write(frame)) this.#socket.pause();
  }

  #abandonCalls(): void {
    const error = new KwasmError("cancelled", "answer a call: its connection is closed");
    for (const controller of this.#calls.values()) controller.abort(error);
  }
}

function givenUp(): KwasmError {
  return new KwasmError("cancelled", "answer a call: its caller has given it up");
}

function tooManyCalls(callsMax: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `take a call: ${String(callsMax)} of this connection wait for their answers; open another connection`,
  );
}
