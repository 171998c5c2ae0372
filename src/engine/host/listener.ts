import { createServer, type Server, type Socket } from "node:net";
import { HostError } from "./host-error.ts";
import { endpointOf, type Endpoint } from "./network/endpoint.ts";
import { NodeInput, NodeOutput } from "./node-stream.ts";
import { Signal, type Pollable } from "./pollable.ts";
import type { InputStream, OutputStream } from "./stream.ts";

/**
 * How many accepted connections wait for a guest to take them: the backlog Node asks of the kernel by default. One
 * more is reset, for each costs memory that no limit of the guest counts.
 */
export const acceptQueueMax = 511;

/** How long a closed connection may take to deliver what the guest had written, milliseconds; then it is cut off. */
const closeLingerMs = 30_000;

/**
 * How many closed connections of a thread may still deliver what their guests had written. They count against no
 * guest's budget any more, so a guest with a client that does not read could pile up descriptors and buffers.
 */
const lingeringMax = 1024;
/** Those of this thread. */
const threadLingering: Lingering = { max: lingeringMax, count: 0 };

export interface Lingering {
  readonly max: number;
  count: number;
}

/** Which half of a connection `shutdown` ends. */
export interface ShutdownHalves {
  readonly read: boolean;
  readonly write: boolean;
}

export interface Connection {
  readonly input: InputStream;
  readonly output: OutputStream;
  /** Own address and the peer's; `not-connected` once it is gone, or where it is no socket of the internet. */
  localEndpoint(): Endpoint;
  remoteEndpoint(): Endpoint;
  /** The descriptor, to set options of; undefined once it is closed. */
  descriptor(): number | undefined;
  /** Ends a half: reads see the end at once, the peer sees the end of what was written before. */
  shutdown(halves: ShutdownHalves): void;
  /** Written bytes are still delivered. Never throws and may be repeated. */
  close(): void;
}

/** A listening socket handed in; it has no way to connect or bind anything. */
export interface Listener {
  /** Ready when `accept` would answer a connection or an error. */
  readonly acceptable: Pollable;
  /** Where it listens; undefined where that is no address of the internet. */
  localEndpoint(): Endpoint | undefined;
  /** The connection that has waited longest. */
  accept(): Connection | undefined;
  /** Gives every connection to the host from here on, paused; `accept` finds none any more. */
  serve(onConnection: (socket: Socket) => void): void;
  /** Resets what waits and closes the socket. Never throws and may be repeated. */
  close(): void;
}

/** Accepts on a listening stream socket (TCP or Unix) and owns its fd from here on. */
export function listenerFromFd(fd: number, backlog = acceptQueueMax): Listener {
  const server = createServer(listenerServerOptions);
  const listener = listenerFromServer(server);
  server.listen({ fd, backlog });
  return listener;
}

/** Paused connections are not read before the guest asks, so what a client sends waits in the kernel. */
export const listenerServerOptions = { pauseOnConnect: true, allowHalfOpen: true } as const;

/** Accepts what `server` does and owns it from here on. */
export function listenerFromServer(server: Server): Listener {
  return new ServerListener(server);
}

class ServerListener implements Listener {
  readonly #server: Server;
  readonly #queue: Socket[] = [];
  readonly #changed = new Signal();
  #failure: HostError | undefined;
  #isClosed = false;
  #serve: ((socket: Socket) => void) | undefined;
  readonly acceptable: Pollable = {
    isReady: () => this.#queue.length > 0 || this.#failure !== undefined || this.#isClosed,
    onReady: (callback) => this.#changed.onReady(callback),
  };

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#enqueue(socket));
    server.on("error", (error) => {
      this.#failure = HostError.from(error, "listen on a socket");
      this.#changed.fire();
    });
  }

  localEndpoint(): Endpoint | undefined {
    const bound = this.#server.address();
    return bound === null || typeof bound === "string" ? undefined : endpointOf(bound.address, bound.port);
  }

  accept(): Connection | undefined {
    if (this.#isClosed) throw new HostError("bad-descriptor", "accept on a closed listener");
    const socket = this.#queue.shift();
    if (socket !== undefined) return new SocketConnection(socket);
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  serve(onConnection: (socket: Socket) => void): void {
    this.#serve = onConnection;
    for (const socket of this.#queue.splice(0)) onConnection(socket);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.close();
    for (const socket of this.#queue.splice(0)) socket.resetAndDestroy();
    this.#changed.fire();
  }

  #enqueue(socket: Socket): void {
    // A client that resets while it waits must not end the process; its error is told to whoever accepts it.
    socket.on("error", ignoreError);
    if (this.#serve !== undefined && !this.#isClosed) {
      this.#serve(socket);
      return;
    }
    if (this.#isClosed || this.#queue.length >= acceptQueueMax) {
      socket.resetAndDestroy();
      return;
    }
    this.#queue.push(socket);
    this.#changed.fire();
  }
}

function ignoreError(): void {
  // The streams over the socket keep the error and tell the guest; here is only the listener that Node demands.
}

function connected(endpoint: Endpoint | undefined): Endpoint {
  if (endpoint !== undefined) return endpoint;
  throw new HostError("not-connected", "ask for the address of a connection that is gone");
}

/** A connected stream socket. */
export class SocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #input: NodeInput;
  readonly #output: NodeOutput;
  readonly #lingering: Lingering;
  #isClosed = false;

  constructor(socket: Socket, lingering: Lingering = threadLingering) {
    this.#socket = socket;
    this.#lingering = lingering;
    socket.setNoDelay(true);
    this.#input = new NodeInput({ isTerminal: false, open: () => socket, release: () => undefined });
    this.#output = new NodeOutput({ isTerminal: false, open: () => socket, release: () => undefined });
  }

  get input(): InputStream {
    return this.#input;
  }

  get output(): OutputStream {
    return this.#output;
  }

  localEndpoint(): Endpoint {
    return connected(endpointOf(this.#socket.localAddress, this.#socket.localPort));
  }

  remoteEndpoint(): Endpoint {
    return connected(endpointOf(this.#socket.remoteAddress, this.#socket.remotePort));
  }

  descriptor(): number | undefined {
    // Node has no other way to it; the handle is gone when the socket is closed.
    const { _handle: handle } = this.#socket as { readonly _handle?: { readonly fd?: number } | null };
    return handle?.fd;
  }

  shutdown(halves: ShutdownHalves): void {
    if (this.#isClosed) throw new HostError("bad-descriptor", "shut a closed connection down");
    if (this.#socket.destroyed) throw new HostError("not-connected", "shut a connection down that is gone");
    if (halves.read) this.#input.end();
    if (halves.write) {
      this.#output.close();
      this.#socket.end();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#input.close();
    this.#output.close();
    if (this.#lingering.count >= this.#lingering.max) this.#socket.resetAndDestroy();
    else this.#deliverTheRest();
  }

  #deliverTheRest(): void {
    if (this.#socket.closed) return;
    this.#lingering.count++;
    this.#socket.once("close", () => this.#lingering.count--);
    this.#socket.setTimeout(closeLingerMs, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }
}
