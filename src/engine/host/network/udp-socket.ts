import { createSocket, type Socket } from "node:dgram";
import { datagramBytesMax, datagramsMax } from "../datagram-socket.ts";
import { HostError } from "../host-error.ts";
import { type Pollable, Signal } from "../pollable.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { checkRemote, checkUnicast, isSameEndpoint, type OpenedSocket, type SocketFamily } from "./guest-socket.ts";
import { formatIpAddress } from "./ip-address.ts";
import type { GuestNetwork } from "./network.ts";
import { RecentPeers } from "./recent-peers.ts";
import { SocketSettings } from "./socket-settings.ts";

/** Datagrams of one socket that are on their way to the kernel; it takes them at once but where its buffer is full. */
const datagramsSentMax = 64;
/** What fits into a packet of IP with the header of UDP. */
const datagramLengthMax = 65_507;

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly remote: Endpoint;
}

type UdpState =
  | { readonly kind: "new" }
  | { readonly kind: "busy" }
  | { readonly kind: "bound"; readonly socket: Socket; readonly opened: OpenedSocket; readonly isServer: boolean }
  | { readonly kind: "closed" };

/**
 * A guest's UDP socket, for every version of WASI that has them. It sends where its rules allow, and takes from whom it
 * may send to; where it may listen, from everybody.
 */
export class UdpSocket {
  readonly family: SocketFamily;
  readonly settings = new SocketSettings();
  readonly #network: GuestNetwork;
  readonly #changed = new Signal();
  readonly #queue: Datagram[] = [];
  readonly #peers = new RecentPeers();
  #queuedBytes = 0;
  #state: UdpState = { kind: "new" };
  #remote: Endpoint | undefined;
  #sending = 0;
  #failure: HostError | undefined;
  /** Ready when `receive` would answer something. */
  readonly readable: Pollable = this.#when(() => this.#queue.length > 0);
  /** Ready when `capacity` is not 0. */
  readonly writable: Pollable = this.#when(() => this.#sending < datagramsSentMax);

  constructor(family: SocketFamily, network: GuestNetwork) {
    this.family = family;
    this.#network = network;
    network.keep(this);
  }

  /** The only one that it sends to and receives from. */
  remoteEndpoint(): Endpoint {
    if (this.#remote === undefined || this.#state.kind !== "bound") throw this.#unexpected();
    return this.#remote;
  }

  bind(local: Endpoint): Promise<void> {
    if (this.#state.kind !== "new") throw this.#unexpected();
    checkUnicast(local, this.family);
    if (!this.#network.mayBind(local)) throw refuse("use a port for datagrams");
    this.#state = { kind: "busy" };
    return this.#bind(local);
  }

  /** Sends to and receives from this one only, or from and to any again. What came from others before is gone. */
  connect(remote: Endpoint | undefined): void {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    if (remote !== undefined) this.#checkTarget(remote);
    this.#remote = remote;
    this.#failure = undefined;
    const kept = remote === undefined ? this.#queue : this.#queue.filter((one) => isSameEndpoint(one.remote, remote));
    this.#queue.splice(0, this.#queue.length, ...kept);
    this.#queuedBytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#changed.fire();
  }

  /** At most so many that have come; the oldest first. */
  receive(countMax: number): readonly Datagram[] {
    if (this.#queue.length === 0) this.#throwFailure();
    const taken = this.#queue.splice(0, countMax);
    this.#queuedBytes -= taken.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return taken;
  }

  /** How many datagrams may be sent now. */
  capacity(): number {
    this.#throwFailure();
    return datagramsSentMax - this.#sending;
  }

  /** Sends one; its bytes must not change any more. Throws where it may not be sent. */
  send(bytes: Uint8Array, to: Endpoint | undefined): void {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    const remote = to ?? this.#remote;
    if (remote === undefined || (this.#remote !== undefined && !isSameEndpoint(remote, this.#remote))) {
      throw new HostError("invalid", "send a datagram: its address is missing, or not the one of its socket");
    }
    this.#checkTarget(remote);
    if (bytes.length > datagramLengthMax) {
      throw new HostError("message-size", `send a datagram of "${bytes.length}" bytes: at most "${datagramLengthMax}"`);
    }
    this.#sending++;
    this.#state.socket.send(bytes, remote.port, formatIpAddress(remote.address), (error) => this.#sent(error));
  }

  localEndpoint(): Endpoint {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    return this.#state.opened.localEndpoint();
  }

  /** Idempotent. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#network.letGo(this);
    this.#queue.length = 0;
    if (state.kind === "bound") state.socket.close();
    this.#changed.fire();
  }

  #when(isReady: () => boolean): Pollable {
    return {
      isReady: () => isReady() || this.#failure !== undefined || this.#state.kind === "closed",
      onReady: (callback) => this.#changed.onReady(callback),
    };
  }

  async #bind(bind: Endpoint): Promise<void> {
    const { family } = this;
    try {
      const opened = await this.#network.openSocket({ family, protocol: "udp", bind });
      const socket = this.#adopt(opened.fd);
      if (this.#state.kind === "closed") {
        socket.close();
        return;
      }
      const isServer = this.#network.mayListen(bind);
      this.#state = { kind: "bound", socket, opened, isServer };
      this.settings.apply(opened);
    } catch (thrown) {
      this.#state = { kind: "closed" };
      throw HostError.from(thrown, "use a port for datagrams");
    }
  }

  #adopt(fd: number): Socket {
    const type = this.family === "ipv6" ? "udp6" : "udp4";
    // Addresses are never names here, so nothing is to be looked up.
    const socket = createSocket({
      type,
      lookup: (address, _options, give) => give(null, address, type === "udp6" ? 6 : 4),
    });
    socket.on("message", (bytes, { address, port }) => this.#enqueue(bytes, endpointOf(address, port)));
    socket.on("error", (error) => this.#fail(error));
    socket.bind({ fd, exclusive: true });
    return socket;
  }

  #enqueue(bytes: Uint8Array, remote: Endpoint | undefined): void {
    const hasRoom = this.#queue.length < datagramsMax && this.#queuedBytes + bytes.length <= datagramBytesMax;
    if (remote === undefined || !hasRoom || !this.#mayHear(remote)) return;
    this.#peers.note(remote);
    this.#queue.push({ bytes, remote });
    this.#queuedBytes += bytes.length;
    this.#changed.fire();
  }

  #mayHear(remote: Endpoint): boolean {
    if (this.#remote !== undefined) return isSameEndpoint(remote, this.#remote);
    return (this.#state.kind === "bound" && this.#state.isServer) || this.#maySendTo(remote);
  }

  #maySendTo({ address, port }: Endpoint): boolean {
    return this.#network.mayConnect(address, { scheme: "udp", port });
  }

  /** Who is heard is answered, also where a guest may only wait for others. */
  #checkTarget(remote: Endpoint): void {
    checkRemote(remote, this.family);
    if (!this.#maySendTo(remote) && !this.#peers.has(remote)) throw refuse("send a datagram");
  }

  #sent(error: Error | null): void {
    this.#sending--;
    if (error === null) this.#changed.fire();
    else this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#state.kind === "closed") return;
    this.#failure = HostError.from(error, "use a socket for datagrams");
    this.#changed.fire();
  }

  /** Each failure is told once: what the next datagram meets is another question. */
  #throwFailure(): void {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #unexpected(): HostError {
    const { kind } = this.#state;
    if (kind === "busy") return new HostError("busy", "use a socket that has something under way");
    return new HostError("invalid-state", `use a socket in the state "${kind}" for what it cannot do`);
  }
}

function refuse(action: string): HostError {
  return new HostError("access", `${action}: no rule allows it`);
}
