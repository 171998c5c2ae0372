import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { KwasmError } from "#base";
import { type Message, type MessageValue, RpcRequest, RpcResponse } from "#proto";

import { encodeFrame, type Frame, FrameSplitter, frameType } from "./frame.ts";
import { errorOfStatus } from "./status.ts";

/** Stream ids are 32 bits wide; a client that has used them up opens a new connection. */
const STREAM_MAX = 0xffff_fffd;

interface MethodName {
  readonly service: string;
  readonly method: string;
}

interface CallOptions {
  readonly timeoutMs: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface ForwardOptions {
  readonly metadata: Readonly<Record<string, string>>;
  /** Ends the wait for the answer; the peer is not told, as the protocol has no word for it. */
  readonly signal?: AbortSignal;
}

/** Calls of one ttrpc server. When its connection ends, all that wait for an answer fail as `unavailable`. */
export class TtrpcClient implements Disposable {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>();
  readonly #closed = Promise.withResolvers<void>();
  #stream = -1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => this.#take(piece));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#fail(new Error("the connection is closed"));
      this.#closed.resolve();
    });
  }

  /** Throws a typed error where nobody listens at `path`. */
  static async connect(path: string): Promise<TtrpcClient> {
    const socket = connect(path);
    try {
      await once(socket, "connect");
    } catch (error) {
      throw KwasmError.from(error, `connect to "${path}"`);
    }
    return new TtrpcClient(socket);
  }

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isOpen(): boolean {
    return this.#socket.writable && this.#stream < STREAM_MAX;
  }

  /** Resolves with the answer; rejects with the peer's error, `unavailable` or `deadline-exceeded`. */
  async call<Request, Response>(
    name: MethodName,
    types: { readonly request: Message<Request>; readonly response: Message<Response> },
    request: Partial<Request>,
    options: CallOptions,
  ): Promise<Response> {
    const action = `call "${name.service}/${name.method}"`;
    const payload = RpcRequest.encode({
      ...name,
      payload: types.request.encode(request),
      timeoutNano: BigInt(options.timeoutMs) * 1_000_000n,
      metadata: entriesOf(options.metadata ?? {}),
    });
    const late = new KwasmError(
      "deadline-exceeded",
      `${action}: there was no answer in ${String(options.timeoutMs)} ms`,
    );
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(late), options.timeoutMs);
    try {
      const answer = RpcResponse.decode(await this.#exchange(payload, action, controller.signal));
      if (isRefusal(answer.status)) throw errorOfStatus(answer.status, action);
      return types.response.decode(answer.payload);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Hands on a call that somebody else made, without a time limit: resolves with the answer's bytes, rejects with the
   * peer's error in the peer's own words, `unavailable` or the signal's reason.
   */
  async forward(name: MethodName, request: Uint8Array, { metadata, signal }: ForwardOptions): Promise<Uint8Array> {
    const payload = RpcRequest.encode({ ...name, payload: request, timeoutNano: 0n, metadata: entriesOf(metadata) });
    const answer = RpcResponse.decode(await this.#exchange(payload, `call "${name.service}/${name.method}"`, signal));
    if (isRefusal(answer.status)) throw errorOfStatus(answer.status);
    return answer.payload;
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #exchange(payload: Uint8Array, action: string, signal?: AbortSignal): Promise<Uint8Array> {
    if (!this.isOpen) throw new KwasmError("unavailable", `${action}: the connection is closed`);
    signal?.throwIfAborted();
    const stream = (this.#stream += 2);
    const answer = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(stream, answer);
    const leave = (): void => answer.reject(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      this.#socket.write(encodeFrame({ stream, type: frameType.request, flags: 0, payload }));
      return await answer.promise;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#waiting.delete(stream);
    }
  }

  #take(piece: Buffer): void {
    try {
      for (const frame of this.#splitter.push(piece)) this.#settle(frame);
    } catch (error) {
      this.#fail(KwasmError.from(error, "read an answer"));
      this.close();
    }
  }

  #settle({ stream, type, payload }: Frame): void {
    if (type !== frameType.response) throw new KwasmError("corrupt", `read a frame of type "${String(type)}"`);
    // An answer that comes too late has nobody who waits for it.
    this.#waiting.get(stream)?.resolve(payload);
  }

  #fail(cause: Error): void {
    const error = new KwasmError("unavailable", `wait for an answer: ${cause.message}`, { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function entriesOf(metadata: Readonly<Record<string, string>>): readonly { key: string; value: string }[] {
  return Object.entries(metadata).map(([key, value]) => ({ key, value }));
}

type Status = NonNullable<MessageValue<typeof RpcResponse>["status"]>;

function isRefusal(status: Status | undefined): status is Status {
  return status !== undefined && status.code !== 0;
}
