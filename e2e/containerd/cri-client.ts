import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";

import { type ErrorCode, KwasmError } from "#base";
import type { MessageValue } from "../../src/proto/message.ts";
import { criMethods } from "./cri-messages.ts";

export type CriMethod = keyof typeof criMethods;
type Request<Method extends CriMethod> = Partial<MessageValue<(typeof criMethods)[Method]["request"]>>;
type Response<Method extends CriMethod> = MessageValue<(typeof criMethods)[Method]["response"]>;

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

/** Speaks to a container runtime as kubelet does. A connection that was lost is made again by the next call. */
export class CriClient implements Disposable {
  readonly #address: string;
  #session: ClientHttp2Session | undefined;

  /** `address` is the path of the runtime's Unix socket. */
  constructor(address: string) {
    this.#address = address;
  }

  /** Throws what the runtime answered as a KwasmError with the code that its status means. */
  async call<Method extends CriMethod>(method: Method, request: Request<Method>): Promise<Response<Method>> {
    const types = criMethods[method];
    const answer = await this.#exchange(method, types.request.encode(request));
    // The table says which response belongs to which request, and its types are those of `Response`.
    return types.response.decode(answer) as Response<Method>;
  }

  async #exchange(method: CriMethod, message: Uint8Array): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(CALL_MS_MAX);
    const headers = { ":method": "POST", ":path": `/runtime.v1.${method}`, ...grpcHeaders };
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
    const session = connectHttp2("http://localhost", { createConnection: () => connect(this.#address) });
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

function errorOf(method: CriMethod, status: IncomingHttpHeaders): KwasmError {
  const code = String(status["grpc-status"] ?? "14");
  const reason = decodeURIComponent(String(status["grpc-message"] ?? "the runtime gave no status"));
  return new KwasmError(codesOfStatus[code] ?? "internal", `calling "${method}": ${reason}`);
}
