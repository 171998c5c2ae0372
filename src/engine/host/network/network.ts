import type { Socket } from "node:net";
import type { DescriptorBudget } from "../files/descriptor-budget.ts";
import { HostError } from "../host-error.ts";
import type { Listener } from "../listener.ts";
import type { Endpoint } from "./endpoint.ts";
import { isUnspecified, type OpenedSocket, type SocketOrder } from "./guest-socket.ts";
import type { NameToFind } from "./dns/resolver.ts";
import { isLocalhostName, normalHostName } from "./host-name.ts";
import { formatIpAddress, type IpAddress, parseIpAddress } from "./ip-address.ts";
import {
  mayAskFor,
  mayBind,
  mayConnect,
  mayLookUp,
  type NetworkPolicy,
  type OutboundTarget,
} from "./network-policy.ts";
import { ResolvedNames } from "./resolved-names.ts";

/** A host to connect to: a name, or an address without brackets. */
export interface ConnectTarget extends OutboundTarget {
  readonly host: string;
}

/** Addresses of a name, in the order in which they are to be tried. */
export interface LookUpAnswer {
  readonly addresses: readonly IpAddress[];
  readonly isFromHostsFile: boolean;
}

/** The network in which a guest is, without any judgement of what the guest may do there. */
export interface NetworkAccess {
  /**
   * Rejects with a HostError: `name-unresolvable`, `temporary-resolver-failure`, `permanent-resolver-failure`. The name
   * is a normal one: see normalHostName.
   */
  lookUp(what: NameToFind, signal: AbortSignal): Promise<LookUpAnswer>;
  /** Connects a socket that its caller owns; half open where its peer has ended. Rejects with a HostError. */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>;
  /** Opens a socket that its caller owns. Rejects with a HostError. */
  open(order: SocketOrder): Promise<OpenedSocket>;
  /** A socket that is there already, by its descriptor. */
  socketOf(fd: number): OpenedSocket;
}

/** What stands open for a guest, to be closed at its end. */
interface Closable {
  close(): void;
}

interface GuestNetworkOptions {
  readonly policy: NetworkPolicy;
  /** Left out where the guest has no network: then no rule may be in the policy. */
  readonly access?: NetworkAccess;
  readonly budget?: DescriptorBudget;
  /** Sockets that were opened for the guest, which gets one of them where it binds a socket to its address. */
  readonly listeners?: readonly HandedListener[];
}

/** A listening socket that was opened for a guest. */
export interface HandedListener {
  readonly listener: Listener;
  /** The port by which the guest knows it, where that is another one than it has. */
  readonly guestPort?: number | undefined;
}

interface SharedByInstances {
  readonly listeners: Set<HandedListener>;
  readonly names: ResolvedNames;
}

/** One guest's network: what its rules allow of the one that it is in. */
export class GuestNetwork {
  readonly budget: DescriptorBudget | undefined;
  readonly #policy: NetworkPolicy;
  readonly #access: NetworkAccess;
  /** Those that nobody has taken. */
  readonly #listeners: Set<HandedListener>;
  readonly #names: ResolvedNames;
  readonly #open = new Set<Closable>();

  constructor(
    { policy, access = noAccess, budget, listeners = [] }: GuestNetworkOptions,
    shared: SharedByInstances = { listeners: new Set(listeners), names: new ResolvedNames() },
  ) {
    this.#policy = policy;
    this.#access = access;
    this.budget = budget;
    this.#listeners = shared.listeners;
    this.#names = shared.names;
  }

  /** The same network for one of several instances: `close` closes what this one has opened. */
  forInstance(): GuestNetwork {
    return this.#share({ listeners: this.#listeners, names: this.#names });
  }

  /** The same network for a guest whose host serves on the listeners itself. */
  withoutListeners(): GuestNetwork {
    return this.#share({ listeners: new Set(), names: this.#names });
  }

  /**
   * Connects to a host by name or address, for the host's own protocols such as HTTP. A name is looked up here and its
   * addresses are judged after that, so that what was judged is what is connected to. Rejects with a HostError:
   * `access` where no rule allows the host, `destination-prohibited` where none allows any of its addresses, those of
   * the look-up, and the last one of the connections that were tried.
   */
  async connect({ host, ...target }: ConnectTarget, signal: AbortSignal): Promise<Socket> {
    if (!this.mayAskFor({ host, ...target })) {
      throw new HostError("access", `connect to "${host}" port "${target.port}": no rule allows it`);
    }
    const literal = parseIpAddress(host);
    const addresses = literal === undefined ? await this.#find(host, signal) : [literal];
    const allowed = addresses.filter((address) => this.mayConnect(address, target));
    if (allowed.length === 0) {
      throw new HostError("destination-prohibited", `connect to "${host}": its addresses are not allowed`);
    }
    return this.#connectToFirst(allowed, target.port, signal);
  }

  /** Whether `connect` may be asked to connect there; the addresses of a name are judged when they are known. */
  mayAskFor({ host, ...target }: ConnectTarget): boolean {
    return mayAskFor(this.#policy, host, target);
  }

  /** The same network for another instance of the guest: what that opens is counted and closed apart. */
  view(budget: DescriptorBudget): GuestNetwork {
    return new GuestNetwork({ policy: this.#policy, access: this.#access, budget });
  }

  /** Whether addresses of that name may be asked for; one is the answer to itself. */
  mayLookUp(host: string): boolean {
    return parseIpAddress(host) !== undefined || mayLookUp(this.#policy, host);
  }

  /** Addresses of a name that a rule allows to be used; `access` for every other name. */
  async lookUp(host: string, signal: AbortSignal): Promise<readonly IpAddress[]> {
    const literal = parseIpAddress(host);
    if (literal !== undefined) return [literal];
    if (mayLookUp(this.#policy, host)) return this.#find(host, signal);
    throw new HostError("access", `look up "${host}": no rule allows it`);
  }

  /** Whether the guest may connect to an address, or send a datagram there, now. */
  mayConnect(address: IpAddress, target: OutboundTarget): boolean {
    return mayConnect(this.#policy, address, { ...target, names: this.#names.of(address) });
  }

  /** Whether the guest may wait for others at an address. */
  mayListen({ address, port }: Endpoint): boolean {
    return mayBind(this.#policy, address, port);
  }

  /** Whether it may have a port of its own there, be it only one of the system's choice to send from. */
  mayBind(endpoint: Endpoint): boolean {
    if (this.mayListen(endpoint)) return true;
    return this.#policy.outbound.length > 0 && endpoint.port === 0 && isUnspecified(endpoint.address);
  }

  /** The listener that was opened for the guest at this address, if one is left. Its taker gives it back. */
  takeListener(endpoint: Endpoint): HandedListener | undefined {
    const found = [...this.#listeners].find((handed) => isAt(handed, endpoint));
    if (found !== undefined) this.#listeners.delete(found);
    return found;
  }

  giveBackListener(handed: HandedListener): void {
    this.#listeners.add(handed);
  }

  openSocket(order: SocketOrder): Promise<OpenedSocket> {
    return this.#access.open(order);
  }

  socketOf(fd: number): OpenedSocket {
    return this.#access.socketOf(fd);
  }

  /** Notes what is to be closed when the guest ends. */
  keep(handle: Closable): void {
    this.budget?.take();
    this.#open.add(handle);
  }

  letGo(handle: Closable): void {
    if (this.#open.delete(handle)) this.budget?.release();
  }

  close(): void {
    for (const handle of this.#open) handle.close();
  }

  #share(shared: SharedByInstances): GuestNetwork {
    const { budget } = this;
    return new GuestNetwork({ policy: this.#policy, access: this.#access, ...(budget && { budget }) }, shared);
  }

  async #find(host: string, signal: AbortSignal): Promise<readonly IpAddress[]> {
    const name = normalHostName(host);
    if (name === undefined) throw new HostError("invalid", `look up "${host}": it is no host name`);
    const what = { name, isAbsolute: host.endsWith(".") };
    const { addresses, isFromHostsFile } = isLocalhostName(name) ? localhost : await this.#access.lookUp(what, signal);
    this.#names.remember(addresses, { name, isFromHostsFile });
    return addresses;
  }

  async #connectToFirst(addresses: readonly IpAddress[], port: number, signal: AbortSignal): Promise<Socket> {
    let failure = new HostError("name-unresolvable", "connect: there is no address");
    for (const address of addresses) {
      try {
        return await this.#access.connect({ address, port }, signal);
      } catch (thrown) {
        failure = HostError.from(thrown, `connect to "${formatIpAddress(address)}" port "${port}"`);
        if (signal.aborted) break;
      }
    }
    throw failure;
  }
}

/** Never asked of any server (RFC 6761). */
const localhost: LookUpAnswer = {
  addresses: ["127.0.0.1", "::1"].flatMap((text) => parseIpAddress(text) ?? []),
  isFromHostsFile: false,
};

/** Whether a listener is at what a guest asks for; either may stand for every address of the machine. */
function isAt({ listener, guestPort }: HandedListener, asked: Endpoint): boolean {
  const listens = listener.localEndpoint();
  if (listens === undefined || (guestPort ?? listens.port) !== asked.port) return false;
  if (isUnspecified(listens.address) || isUnspecified(asked.address)) return true;
  return listens.address.family === asked.address.family && listens.address.bits === asked.address.bits;
}

const noAccess: NetworkAccess = {
  lookUp: () => Promise.reject(nothingGranted()),
  connect: () => Promise.reject(nothingGranted()),
  open: () => Promise.reject(nothingGranted()),
  socketOf() {
    throw nothingGranted();
  },
};

function nothingGranted(): HostError {
  return new HostError("access", "use the network: nothing of it was granted");
}
