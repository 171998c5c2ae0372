import { createSocket, type Socket } from "node:dgram";
import { datagramBytesMax, datagramsMax } from "../datagram-socket.ts";
import { HostError } from "../host-error.ts";
import { type Pollable, Signal } from "../pollable.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import {
  checkRemote,
  checkUnicast,
  isSameEndpoint,
  isUnspecified,
  type OpenedSocket,
  type SocketFamily,
  unspecifiedEndpoint,
} from "./guest-socket.ts";
import { formatIpAddress, type IpAddress } from "./ip-address.ts";
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
  | { readonly kind: "busy"; readonly binding: Promise<void> }
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
  /** Which of the machine's addresses leads to `#remote`, where the socket has all of them. */
  #source: IpAddress | undefined;
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

  /** Where it fails, another address may be tried. */
  bind(local: Endpoint): Promise<void> {
    if (this.#state.kind !== "new") throw this.#unexpected();
    checkUnicast(local, this.family);
    if (!this.#network.mayBind(local)) throw refuse("use a port for datagrams");
    const binding = this.#bind(local);
    this.#state = { kind: "busy", binding };
    return binding;
  }

  /** Sends to and receives from this one only, or from and to any again. What came from others before is gone. */
  connect(remote: Endpoint | undefined): void {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    if (remote !== undefined) this.#checkTarget(remote);
    this.#remote = remote;
    this.#source = undefined;
    this.#failure = undefined;
    const kept = remote === undefined ? this.#queue : this.#queue.filter((one) => isSameEndpoint(one.remote, remote));
    this.#queue.splice(0, this.#queue.length, ...kept);
    this.#queuedBytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#changed.fire();
  }

  /** The same, on a port of the system's choice where it was not bound, and with the own address that leads there. */
  async connectTo(remote: Endpoint): Promise<void> {
    this.#checkTarget(remote);
    await this.#bindAnywhere();
    this.connect(remote);
    if (!isUnspecified(this.localEndpoint().address)) return;
    const source = await this.#sourceFor(remote);
    if (this.#remote === remote) this.#source = source;
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
    this.#transmit(bytes, this.#targetOf(bytes, to), (error) => {
      if (error !== null) this.#fail(error);
    });
  }

  /**
   * Sends one when there is room, from a port of the system's choice where it was not bound. Resolves when the system
   * has it, rejects where it does not take it.
   */
  async deliver(bytes: Uint8Array, to: Endpoint | undefined): Promise<void> {
    this.#targetOf(bytes, to);
    await this.#bindAnywhere();
    while (this.#sending >= datagramsSentMax) {
      await new Promise<void>((resolve) => void this.#changed.onReady(resolve));
    }
    // Its peer may be another one by now.
    const remote = this.#targetOf(bytes, to);
    await new Promise<void>((resolve, reject) => {
      this.#transmit(bytes, remote, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  localEndpoint(): Endpoint {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    const { address, port } = this.#state.opened.localEndpoint();
    return { address: isUnspecified(address) ? (this.#source ?? address) : address, port };
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

  /** One that is being bound is waited for. */
  async #bindAnywhere(): Promise<void> {
    if (this.#state.kind === "busy") await this.#state.binding;
    if (this.#state.kind === "new") await this.bind(unspecifiedEndpoint(this.family));
  }

  /** The address from which the system would send there; undefined where it knows no way. */
  async #sourceFor({ address, port }: Endpoint): Promise<IpAddress | undefined> {
    const { family } = this;
    const { fd } = await this.#network.openSocket({ family, protocol: "udp" });
    const socket = adopt(fd, family);
    try {
      await new Promise<void>((resolve) => {
        socket.on("error", () => resolve());
        socket.connect(port, formatIpAddress(address), () => resolve());
      });
      const own = socket.address();
      return endpointOf(own.address, own.port)?.address;
    } catch {
      return undefined;
    } finally {
      socket.close();
    }
  }

  /** Whom a datagram goes to. Throws where it may not be sent. */
  #targetOf(bytes: Uint8Array, to: Endpoint | undefined): Endpoint {
    const remote = to ?? this.#remote;
    if (remote === undefined || (this.#remote !== undefined && !isSameEndpoint(remote, this.#remote))) {
      throw new HostError("invalid", "send a datagram: its address is missing, or not the one of its socket");
    }
    this.#checkTarget(remote);
    if (bytes.length <= datagramLengthMax) return remote;
    throw new HostError("message-size", `send a datagram of "${bytes.length}" bytes: at most "${datagramLengthMax}"`);
  }

  #transmit(bytes: Uint8Array, { address, port }: Endpoint, tell: (error: Error | null) => void): void {
    if (this.#state.kind !== "bound") throw this.#unexpected();
    this.#sending++;
    this.#state.socket.send(bytes, port, formatIpAddress(address), (error) => {
      this.#sending--;
      tell(error);
      this.#changed.fire();
    });
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
      if (this.#state.kind === "busy") this.#state = { kind: "new" };
      throw HostError.from(thrown, "use a port for datagrams");
    }
  }

  #adopt(fd: number): Socket {
    const socket = adopt(fd, this.family);
    socket.on("message", (bytes, { address, port }) => this.#enqueue(bytes, endpointOf(address, port)));
    socket.on("error", (error) => this.#fail(error));
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

/** Owns the descriptor from here on. Addresses are never names here, so nothing is to be looked up. */
function adopt(fd: number, family: SocketFamily): Socket {
  const number = family === "ipv6" ? 6 : 4;
  const socket = createSocket({
    type: `udp${number}`,
    lookup: (address, _options, give) => give(null, address, number),
  });
  socket.bind({ fd, exclusive: true });
  return socket;
}

function refuse(action: string): HostError {
  return new HostError("access", `${action}: no rule allows it`);
}
