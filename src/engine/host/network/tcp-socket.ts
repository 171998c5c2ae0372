import { closeSync } from "node:fs";
import { HostError } from "../host-error.ts";
import { acceptQueueMax, type Connection, type Listener, listenerFromFd, SocketConnection } from "../listener.ts";
import { alwaysReady, type Pollable } from "../pollable.ts";
import { connectSocket } from "./connect-socket.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  checkRemote,
  checkUnicast,
  inFamily,
  type OpenedSocket,
  type SocketFamily,
  unspecifiedEndpoint,
} from "./guest-socket.ts";
import type { GuestNetwork, HandedListener } from "./network.ts";
import { SocketSettings } from "./socket-settings.ts";

type TcpState =
  | { readonly kind: "new" }
  /** Something that was begun is under way. */
  | { readonly kind: "busy" }
  /** As it was asked for, which rules are compared with: the system may have chosen the port. */
  | { readonly kind: "bound"; readonly socket: OpenedSocket; readonly asked: Endpoint }
  /** Bound to where a socket that was opened for the guest listens already. */
  | { readonly kind: "handed"; readonly handed: HandedListener; readonly local: Endpoint }
  | { readonly kind: "listening"; readonly listener: Listener; readonly handed?: HandedListener }
  | { readonly kind: "connected"; readonly connection: Connection }
  | { readonly kind: "closed" };

/**
 * A guest's TCP socket, for every version of WASI that has them. What cannot be begun throws a HostError at once and
 * changes nothing; what was begun answers with a promise, and nothing else may be begun meanwhile.
 */
export class TcpSocket {
  readonly family: SocketFamily;
  readonly settings = new SocketSettings();
  readonly #network: GuestNetwork;
  readonly #ended = new AbortController();
  #state: TcpState = { kind: "new" };
  #backlog = acceptQueueMax;

  /** Throws `too-many-open-files` where the guest has as many descriptors as it may. */
  constructor(family: SocketFamily, network: GuestNetwork, state: TcpState = { kind: "new" }) {
    this.family = family;
    this.#network = network;
    this.#state = state;
    network.keep(this);
  }

  get isListening(): boolean {
    return this.#state.kind === "listening";
  }

  /** Ready when `accept` would answer something. */
  get acceptable(): Pollable {
    return this.#state.kind === "listening" ? this.#state.listener.acceptable : alwaysReady;
  }

  /** Where it fails, another address may be tried. */
  bind(local: Endpoint): Promise<void> {
    this.#expect("new");
    checkUnicast(local, this.family);
    const handed = this.#network.takeListener(local);
    if (handed !== undefined) {
      this.#state = { kind: "handed", handed, local };
      return Promise.resolve();
    }
    if (!this.#network.mayBind(local)) throw refuse(`listen on port "${local.port}"`);
    return this.#bind(local);
  }

  connect(remote: Endpoint): Promise<Connection> {
    const { kind } = this.#state;
    if (kind !== "bound") this.#expect("new");
    checkRemote(remote, this.family);
    if (!this.#network.mayConnect(remote.address, { scheme: "tcp", port: remote.port })) throw refuse("connect");
    return this.#connect(this.#state, remote);
  }

  /** Waits for connections from here on. */
  listen(): undefined {
    const state = this.#state;
    switch (state.kind) {
      case "handed":
        this.#state = { kind: "listening", listener: state.handed.listener, handed: state.handed };
        return undefined;
      case "bound": {
        const { socket, asked } = state;
        if (!this.#network.mayListen(asked)) throw refuse("listen");
        this.#state = { kind: "listening", listener: listenerFromFd(socket.fd, this.#backlog) };
        return undefined;
      }
      default:
        throw this.#unexpected();
    }
  }

  /** The same, on a port of the system's choice where it was not bound. */
  async listenAnywhere(): Promise<void> {
    if (this.#state.kind === "new") {
      const anywhere = unspecifiedEndpoint(this.family);
      if (!this.#network.mayListen(anywhere)) throw refuse("listen");
      await this.#bind(anywhere);
    }
    this.listen();
  }

  /** Ends what is under way, if anything is; it is good for nothing more then. */
  giveUp(): void {
    if (this.#state.kind !== "busy") return;
    this.#state = { kind: "closed" };
    this.#ended.abort();
  }

  /** The connection that has waited longest, as a socket of its own; throws `would-block` where none waits. */
  accept(): { readonly socket: TcpSocket; readonly connection: Connection } {
    if (this.#state.kind !== "listening") throw this.#unexpected();
    const connection = this.#state.listener.accept();
    if (connection === undefined) throw new HostError("would-block", "accept a connection: none waits");
    try {
      const socket = new TcpSocket(this.family, this.#network, { kind: "connected", connection });
      socket.#useDescriptor(connection);
      return { socket, connection };
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
  }

  /** How many connections may wait; to be chosen before it listens. */
  setBacklog(size: number): undefined {
    if (size === 0) throw new HostError("invalid", 'set the length of a queue to "0": give more');
    const { kind } = this.#state;
    if (kind === "connected" || kind === "closed") throw this.#unexpected();
    // The kernel would take another length later; a listener that was handed in belongs to others too.
    if (kind === "listening") throw new HostError("unsupported", "set the length of a queue that is in use");
    this.#backlog = Math.min(size, acceptQueueMax);
    return undefined;
  }

  localEndpoint(): Endpoint {
    switch (this.#state.kind) {
      case "bound":
        return this.#state.socket.localEndpoint();
      case "handed":
        return this.#state.local;
      case "listening":
        return inFamily(this.#state.listener.localEndpoint() ?? this.#fail(), this.family);
      case "connected":
        return inFamily(this.#state.connection.localEndpoint(), this.family);
      default:
        return this.#fail();
    }
  }

  remoteEndpoint(): Endpoint {
    return inFamily(this.connection().remoteEndpoint(), this.family);
  }

  connection(): Connection {
    return this.#state.kind === "connected" ? this.#state.connection : this.#fail();
  }

  /** Idempotent. What was written to a connection still goes out. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#ended.abort();
    this.#network.letGo(this);
    switch (state.kind) {
      case "bound":
        closeSync(state.socket.fd);
        return;
      case "handed":
        this.#network.giveBackListener(state.handed);
        return;
      case "listening":
        if (state.handed === undefined) state.listener.close();
        else this.#network.giveBackListener(state.handed);
        return;
      case "connected":
        state.connection.close();
        return;
      default:
    }
  }

  async #open(local: Endpoint | undefined): Promise<OpenedSocket> {
    const { family } = this;
    const socket = await this.#network.openSocket({ family, protocol: "tcp", ...(local && { bind: local }) });
    try {
      this.#ended.signal.throwIfAborted();
      this.settings.apply(socket);
      return socket;
    } catch (thrown) {
      closeSync(socket.fd);
      throw thrown;
    }
  }

  #bind(local: Endpoint): Promise<void> {
    return this.#busy(async () => ({ kind: "bound", socket: await this.#open(local), asked: local }), { kind: "new" });
  }

  async #connect(from: TcpState, remote: Endpoint): Promise<Connection> {
    let connection: Connection | undefined;
    await this.#busy(async () => {
      const { fd } = from.kind === "bound" ? from.socket : await this.#open(undefined);
      connection = new SocketConnection(await connectSocket(fd, remote, this.#ended.signal));
      return { kind: "connected", connection };
    });
    return connection ?? this.#fail();
  }

  /** A connection that fails leaves the socket good for nothing, as WASI has it. */
  async #busy(work: () => Promise<TcpState>, afterFailure: TcpState = { kind: "closed" }): Promise<void> {
    this.#state = { kind: "busy" };
    try {
      const next = await work();
      if (this.#ended.signal.aborted) discard(next);
      else this.#state = next;
    } catch (thrown) {
      if (!this.#ended.signal.aborted) this.#state = afterFailure;
      throw HostError.from(thrown, "use a socket");
    }
  }

  #useDescriptor(connection: Connection): void {
    const fd = connection.descriptor();
    if (fd !== undefined) this.settings.apply(this.#network.socketOf(fd));
  }

  #expect(kind: TcpState["kind"]): void {
    if (this.#state.kind !== kind) throw this.#unexpected();
  }

  #unexpected(): HostError {
    const { kind } = this.#state;
    if (kind === "busy") return new HostError("busy", "use a socket that has something under way");
    return new HostError("invalid-state", `use a socket in the state "${kind}" for what it cannot do`);
  }

  #fail(): never {
    throw this.#unexpected();
  }
}

/** The guest has closed the socket meanwhile. */
function discard(state: TcpState): void {
  if (state.kind === "bound") closeSync(state.socket.fd);
  if (state.kind === "connected") state.connection.close();
}

function refuse(action: string): HostError {
  return new HostError("access", `${action}: no rule allows it`);
}
