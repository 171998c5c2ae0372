import { createSocket, type Socket } from "node:dgram";

import { HostError } from "./host-error.ts";
import { type Pollable, Signal } from "./pollable.ts";
import type { InputStream } from "./stream.ts";

/**
 * What waits for a guest to take it; what comes beyond is dropped, as the kernel does with what a socket's buffer does
 * not hold. That buffer has about as much by default (net.core.rmem_default).
 */
export const datagramsMax = 256;
export const datagramBytesMax = 262_144;

/** Receives datagrams, each whole or cut to the reader's size, and never two at once. */
export interface DatagramSocket extends InputStream {
  /** Whether the datagram that was read last was longer than its reader asked for; the rest of it is gone. */
  readonly isCut: boolean;
  /** Puts back, whole, what was the last to be read. */
  unread(): void;
}

/** Takes what a bound UDP socket gets, and owns its fd from here on. It has no way to send anything anywhere. */
export function datagramSocketFromFd(fd: number): DatagramSocket {
  // The type only matters to sending.
  const socket = createSocket("udp6");
  const received = receiveFrom(socket);
  socket.bind({ fd, exclusive: true });
  return received;
}

/** Takes what `socket` gets and owns it from here on. */
export function receiveFrom(socket: Socket): DatagramSocket {
  return new ReceivedDatagrams(socket);
}

class ReceivedDatagrams implements DatagramSocket {
  readonly isTerminal = false;
  readonly #socket: Socket;
  readonly #changed = new Signal();
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #last: Uint8Array | undefined;
  #failure: HostError | undefined;
  #isClosed = false;
  isCut = false;
  readonly readable: Pollable = {
    isReady: () => this.#queue.length > 0 || this.#failure !== undefined || this.#isClosed,
    onReady: (callback) => this.#changed.onReady(callback),
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (datagram) => this.#enqueue(datagram));
    socket.on("error", (error) => {
      this.#failure = HostError.from(error, "receive on a socket");
      this.#changed.fire();
    });
  }

  available(): number {
    return this.#queue[0]?.length ?? 0;
  }

  read(bytesMax: number): Uint8Array | undefined {
    if (this.#isClosed) throw new HostError("bad-descriptor", "receive on a closed socket");
    const datagram = this.#queue.shift();
    if (datagram === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    this.#bytes -= datagram.length;
    this.#last = datagram;
    this.isCut = datagram.length > bytesMax;
    return datagram.subarray(0, bytesMax);
  }

  unread(): void {
    if (this.#last === undefined) return;
    this.#queue.unshift(this.#last);
    this.#bytes += this.#last.length;
    this.#last = undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#queue = [];
    this.#last = undefined;
    this.#changed.fire();
  }

  /** An empty one would look like the end of a stream to most guests, and says nothing. */
  #enqueue(datagram: Uint8Array): void {
    const hasRoom = this.#queue.length < datagramsMax && this.#bytes + datagram.length <= datagramBytesMax;
    if (datagram.length === 0 || !hasRoom) return;
    this.#queue.push(datagram);
    this.#bytes += datagram.length;
    this.#changed.fire();
  }
}
