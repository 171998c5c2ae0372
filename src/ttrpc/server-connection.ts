import type { Socket } from "node:net";

import { KwasmError, type Log } from "#base";
import { RpcRequest, RpcResponse } from "#proto";

import { encodeFrame, type Frame, FrameSplitter, frameType, REMOTE_OPEN } from "./frame.ts";
import type { Call, Services } from "./service.ts";
import { statusOf } from "./status.ts";

/** Calls of one connection that are not answered yet; containerd has a handful, of which one Wait lasts for long. */
export const CALLS_PER_CONNECTION_MAX = 1_024;
/** setTimeout's own limit; who waits for 24 days is not cut off. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** One connection's side of the server: takes requests as they come and answers each when it is done. */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #services: Services;
  readonly #log: Log;
  readonly #splitter = new FrameSplitter();
  readonly #calls = new Map<number, AbortController>();
  #lastStream = 0;

  constructor(socket: Socket, services: Services, log: Log) {
    this.#socket = socket;
    this.#services = services;
    this.#log = log;
  }

  start(): void {
    this.#socket.on("data", (piece: Buffer) => this.#take(piece));
    // A caller that reads no answers is not read from either, so what it has cost stays bounded.
    this.#socket.on("drain", () => this.#socket.resume());
    this.#socket.on("error", (error) => this.#log.debug("a connection broke", { reason: error.message }));
    this.#socket.on("close", () => this.#abandonCalls());
  }

  #take(piece: Buffer): void {
    try {
      for (const frame of this.#splitter.push(piece)) this.#accept(frame);
    } catch (error) {
      this.#log.warn("a connection is closed", { reason: KwasmError.from(error, "read a request").message });
      this.#socket.destroy();
    }
  }

  /** Throws for what no client of the protocol sends; the connection cannot be understood from there on. */
  #accept(frame: Frame): void {
    const { stream, type, flags } = frame;
    if (type !== frameType.request) {
      throw new KwasmError("corrupt", `read a frame of type "${String(type)}": a client sends requests`);
    }
    if (stream % 2 !== 1 || stream <= this.#lastStream) {
      throw new KwasmError("corrupt", `read stream "${String(stream)}": its number must be odd and new`);
    }
    this.#lastStream = stream;
    if ((flags & REMOTE_OPEN) !== 0) {
      this.#refuse(stream, new KwasmError("unsupported", "start a streaming call: only unary ones are served"));
    } else if (this.#calls.size >= CALLS_PER_CONNECTION_MAX) {
      this.#refuse(stream, tooManyCalls());
    } else {
      void this.#serve(frame);
    }
  }

  async #serve({ stream, payload }: Frame): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(stream, controller);
    try {
      const response = await this.#run(payload, controller);
      this.#answer(stream, { payload: response });
    } catch (error) {
      this.#refuse(stream, KwasmError.from(error, "answer a call"));
    } finally {
      this.#calls.delete(stream);
    }
  }

  /** The answer, or the rejection when the caller's time is up first. */
  async #run(payload: Uint8Array, controller: AbortController): Promise<Uint8Array> {
    const { service, method, payload: request, timeoutNano, metadata } = RpcRequest.decode(payload);
    const handle = this.#services[service]?.[method];
    if (handle === undefined) throw new KwasmError("unsupported", `call "${service}/${method}": it is not served here`);
    const call: Call = {
      signal: controller.signal,
      metadata: new Map(metadata.map(({ key, value }) => [key, value])),
    };
    if (timeoutNano <= 0n) return handle(request, call);
    const timeout = Promise.withResolvers<never>();
    const error = new KwasmError("deadline-exceeded", `call "${service}/${method}": the caller's time is up`);
    const timer = setTimeout(
      () => {
        timeout.reject(error);
        controller.abort(error);
      },
      Math.min(Number(timeoutNano / 1_000_000n) + 1, TIMEOUT_MS_MAX),
    );
    try {
      return await Promise.race([handle(request, call), timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #refuse(stream: number, error: KwasmError): void {
    this.#answer(stream, { status: statusOf(error) });
  }

  #answer(stream: number, response: Parameters<typeof RpcResponse.encode>[0]): void {
    if (!this.#socket.writable) return;
    const frame = encodeFrame({ stream, type: frameType.response, flags: 0, payload: RpcResponse.encode(response) });
    if (!this.#socket.write(frame)) this.#socket.pause();
  }

  #abandonCalls(): void {
    const error = new KwasmError("cancelled", "answer a call: its connection is closed");
    for (const controller of this.#calls.values()) controller.abort(error);
  }
}

function tooManyCalls(): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `take a call: ${String(CALLS_PER_CONNECTION_MAX)} of this connection wait for their answers; open another connection`,
  );
}
