import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

import { KwasmError, type Log } from "#base";

import { type CallHandler, ServerConnection } from "./server-connection.ts";

/**
 * Connections at once. containerd keeps one for each container and one for each sandbox; 5,000 pods make 10,000, and
 * the rest is for callers beside it.
 */
const CONNECTIONS_MAX = 16_384;
/** Connections that wait while this process is busy: containerd opens one for each container when it starts again. */
const BACKLOG = 4_096;

/** Serves ttrpc on a Unix socket. One bad connection is closed and harms no other. */
export class TtrpcServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #log: Log;
  readonly #handle: CallHandler;
  readonly #connections = new Set<Socket>();

  constructor(handle: CallHandler, log: Log) {
    this.#handle = handle;
    this.#log = log;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Listens at `path`, which must not be there; throws a typed error where that does not work. */
  async listen(path: string): Promise<void> {
    try {
      const listening = once(this.#server, "listening");
      this.#server.listen({ path, backlog: BACKLOG });
      await listening;
    } catch (error) {
      throw KwasmError.from(error, `listen on "${path}"`);
    }
  }

  /** Stops listening and closes all connections. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    new ServerConnection(socket, { handle: this.#handle, log: this.#log }).start();
  }
}
