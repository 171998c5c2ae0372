import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";

import { type ErrorCode, KwasmError } from "#base";
import type { Message, MessageValue } from "../../src/proto/message.ts";

/** The calls of a program, `SERVICE/METHOD`, each with what is sent and what comes back. */
export type GrpcMethods = Readonly<
  Record<string, { readonly request: Message<unknown>; readonly response: Message<unknown> }>
>;
type Request<Methods extends GrpcMethods, Method extends keyof Methods> = Partial<
  MessageValue<Methods[Method]["request"]>
>;
type Response<Methods extends GrpcMethods, Method extends keyof Methods> = MessageValue<Methods[Method]["response"]>;

interface GrpcOptions<Methods extends GrpcMethods> {
  /** The path of the server's Unix socket. */
  readonly address: string;
  /** What the names of its services begin with. */
  readonly packageName: string;
  readonly methods: Methods;
  /** Sent along with each call. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long kubelet waits for an answer: `runtimeRequestTimeout` of its configuration. */
const CALL_MS_MAX = 120_000;

/** A gRPC message is preceded by whether it is compressed and by its length; PROTOCOL-HTTP2.md of grpc. */
const PREFIX_BYTES = 5;

const grpcHeaders = { "content-type": "application/grpc", te: "trailers" } as const;

/** Where gRPC's status codes are ours; https://grpc.io/docs/guides/status-codes. */
const codesOfStatus: Readonly<Record<string, ErrorCode>> = {
  1: "cancelled",
  3: "invalid-argument",
  4: "deadline-exceeded",
  5: "not-found",
  6: "already-exists",
  7: "permission-denied",
  8: "limit-exceeded",
  9: "failed-precondition",
  12: "unsupported",
  14: "unavailable",
};

/** A client of unary gRPC calls. A connection that was lost is made again by the next call. */
export class GrpcClient<Methods extends GrpcMethods> implements Disposable {
  readonly #options: GrpcOptions<Methods>;
  #session: ClientHttp2Session | undefined;
  /** Is told how long each call took that was answered. */
  onAnswer: ((method: keyof Methods & string, tookMs: number) => void) | undefined;

  constructor(options: GrpcOptions<Methods>) {
    this.#options = options;
  }

  /** Throws what the server answered as a KwasmError with the code that its status means. */
  async call<Method extends keyof Methods & string>(
    method: Method,
    request: Request<Methods, Method>,
  ): Promise<Response<Methods, Method>> {
    const types = this.#options.methods[method];
    if (types === undefined) throw new KwasmError("internal", `calling "${method}": it is not in the table of methods`);
    const startedMs = performance.now();
    const answer = await this.#exchange(method, types.request.encode(request));
    this.onAnswer?.(method, performance.now() - startedMs);
    // The table says which response belongs to which request, and its types are those of `Response`.
    return types.response.decode(answer) as Response<Methods, Method>;
  }

  async #exchange(method: string, message: Uint8Array): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(CALL_MS_MAX);
    const path = `/${this.#options.packageName}.${method}`;
    const headers = { ":method": "POST", ":path": path, ...grpcHeaders, ...this.#options.headers };
    const stream = this.#connect().request(headers, { signal });
    let status: IncomingHttpHeaders = {};
    // An answer without a message has its status in the only headers that it sends.
    stream.on("response", (first) => (status = first));
    stream.on("trailers", (last) => (status = last));
    stream.end(frame(message));
    try {
      const answer = await buffer(stream);
      if (status["grpc-status"] === "0") return answer.subarray(PREFIX_BYTES);
    } catch (error) {
      const code = signal.aborted ? "deadline-exceeded" : "unavailable";
      throw new KwasmError(code, `calling "${method}": ${String(error)}`, { cause: error });
    }
    throw errorOf(method, status);
  }

  #connect(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connectHttp2("http://localhost", { createConnection: () => connect(this.#options.address) });
    // What breaks the connection breaks its calls too, and they say so.
    session.on("error", () => session.destroy());
    this.#session = session;
    return session;
  }

  close(): void {
    this.#session?.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

function errorOf(method: string, status: IncomingHttpHeaders): KwasmError {
  const code = String(status["grpc-status"] ?? "14");
  const reason = decodeURIComponent(String(status["grpc-message"] ?? "the server gave no status"));
  return new KwasmError(codesOfStatus[code] ?? "internal", `calling "${method}": ${reason}`);
}
