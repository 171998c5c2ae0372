import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";

import { KwasmError } from "#base";
import type { Message } from "#proto";
import { errorOfStatus } from "#ttrpc";

import { MESSAGE_BYTES_MAX } from "./limits.ts";

/** A containerd that was away is asked again soon; the library's own pause grows to two minutes. */
const RECONNECT_MS_MAX = 1_000;

interface MethodName {
  readonly service: string;
  readonly method: string;
}

interface MethodTypes<Request, Response> {
  readonly request: Message<Request>;
  readonly response: Message<Response>;
}

interface CallOptions {
  readonly timeoutMs: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Calls of one gRPC server on a Unix socket. It is connected by its first call, and again after a loss. */
export class GrpcClient implements Disposable {
  readonly #client: Client;

  constructor(path: string) {
    this.#client = new Client(`unix:${path}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_reconnect_backoff_ms": RECONNECT_MS_MAX,
    });
  }

  /** Resolves with the answer; rejects with the peer's error, `unavailable` or `deadline-exceeded`. */
  async call<Request, Response>(
    name: MethodName,
    types: MethodTypes<Request, Response>,
    request: Partial<Request>,
    options: CallOptions,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const metadata = metadataOf(options);
    const settings = { deadline: Date.now() + options.timeoutMs };
    const encoded = types.request.encode(request);
    this.#client.makeUnaryRequest(pathOf(name), asBuffer, asIs, encoded, metadata, settings, (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer);
      else reject(errorOf(name, error));
    });
    return types.response.decode(await promise);
  }

  /** The answers of a call that has several, as they come; who stops reading ends the call. */
  async *read<Request, Response>(
    name: MethodName,
    types: MethodTypes<Request, Response>,
    request: Partial<Request>,
    options: CallOptions,
  ): AsyncGenerator<Response, void> {
    const encoded = types.request.encode(request);
    const settings = { deadline: Date.now() + options.timeoutMs };
    const metadata = metadataOf(options);
    const stream = this.#client.makeServerStreamRequest(pathOf(name), asBuffer, asIs, encoded, metadata, settings);
    // Ending the call makes it fail as cancelled, which nobody needs to know.
    stream.on("error", () => undefined);
    try {
      for await (const answer of stream) yield types.response.decode(answer as Uint8Array);
    } catch (error) {
      throw isServiceError(error) ? errorOf(name, error) : KwasmError.from(error, actionOf(name));
    } finally {
      stream.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function pathOf({ service, method }: MethodName): string {
  return `/${service}/${method}`;
}

function actionOf({ service, method }: MethodName): string {
  return `call "${service}/${method}"`;
}

function metadataOf({ metadata = {} }: CallOptions): Metadata {
  const sent = new Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  return sent;
}

function errorOf(name: MethodName, error: ServiceError | null): KwasmError {
  if (error === null) return new KwasmError("corrupt", `${actionOf(name)}: the answer is empty`);
  return errorOfStatus({ code: error.code, message: error.details }, actionOf(name));
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}
