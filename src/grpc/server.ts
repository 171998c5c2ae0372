import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

import {
  type handleUnaryCall,
  Server as GrpcCore,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

import { KwasmError, type Log } from "#base";
import { type Method, type Services, statusOf } from "#ttrpc";

import { CONNECTIONS_MAX, MESSAGE_BYTES_MAX, STREAMS_PER_CONNECTION_MAX } from "./limits.ts";

/** Serves unary gRPC calls on a Unix socket, from the same table of methods as ttrpc. */
export class GrpcServer implements AsyncDisposable {
  readonly #core: GrpcCore;
  readonly #listener: Server;
  readonly #connections = new Set<Socket>();
  readonly #log: Log;

  constructor(services: Services, log: Log) {
    this.#log = log;
    this.#core = new GrpcCore({
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_concurrent_streams": STREAMS_PER_CONNECTION_MAX,
    });
    for (const [service, methods] of Object.entries(services)) addService(this.#core, service, methods);
    // The library makes no limit of connections, so they are accepted here and handed to it.
    const injector = this.#core.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = createServer((socket) => {
      this.#accept(socket);
      injector.injectConnection(socket);
    });
    this.#listener.maxConnections = CONNECTIONS_MAX;
  }

  /** Listens at `path`, which must not be there; throws a typed error where that does not work. */
  async listen(path: string): Promise<void> {
    try {
      const listening = once(this.#listener, "listening");
      this.#listener.listen(path);
      await listening;
    } catch (error) {
      throw KwasmError.from(error, `listen on "${path}"`);
    }
  }

  /** Stops listening and cuts all calls. Idempotent. */
  async close(): Promise<void> {
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, "close");
    this.#listener.close();
    this.#core.forceShutdown();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    socket.on("error", (error) => this.#log.debug("a connection broke", { reason: error.message }));
  }
}

function addService(core: GrpcCore, service: string, methods: Readonly<Record<string, Method>>): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods)) {
    definition[name] = {
      path: `/${service}/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asBuffer,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: asBuffer,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    implementation[name] = handlerOf(method);
  }
  core.addService(definition, implementation);
}

/** The library answers for a caller whose time is up, and says here that nobody waits any more. */
function handlerOf(method: Method): handleUnaryCall<Uint8Array, Uint8Array> {
  return (call, answer) => {
    const controller = new AbortController();
    call.on("cancelled", () => {
      controller.abort(new KwasmError("cancelled", "answer a call: its caller waits no longer"));
    });
    const values = Object.entries(call.metadata.getMap());
    const metadata = new Map(values.map(([key, value]) => [key, value.toString()]));
    method(call.request, { signal: controller.signal, metadata }).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const { code, message } = statusOf(KwasmError.from(error, "answer a call"));
        answer({ code: libraryStatusOf(code), details: message });
      },
    );
  };
}

/** The library's word for a number of google.rpc.Code. */
function libraryStatusOf(code: number): status {
  return Object.values(status).find((value): value is status => Number(value) === code) ?? status.INTERNAL;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
