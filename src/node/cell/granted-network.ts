import type { Socket } from "node:net";

import {
  connectSocket,
  type DatagramSocket,
  type DescriptorBudget,
  dnsPort,
  type Endpoint,
  formatIpAddress,
  GuestNetwork,
  HostError,
  type Listener,
  type NetworkAccess,
  type OpenedSocket,
  parseIpAddress,
  parseNetworkRules,
  parseResolvConf,
  Resolver,
  type SocketOption,
  type SocketOrder,
} from "#engine";

import type { GuestOrder } from "../channel/index.ts";
import { localAddressOf, setSocketOption, type SocketOptionName, socketOption } from "../syscall/socket.ts";
import type { WantedSockets } from "./wanted-sockets.ts";

interface NetworkParts {
  readonly sockets: WantedSockets;
  readonly budget: DescriptorBudget;
  /** Where name servers listen; the port of DNS where this is left out. */
  readonly nameServerPort?: number;
}

/** The network of one guest: what its order grants, in sockets that control opens, and the listeners that came with it. */
export function openNetwork(
  { number, network, listeners: orders }: Pick<GuestOrder, "number" | "network" | "listeners">,
  opened: readonly (Listener | DatagramSocket)[],
  { sockets, budget, nameServerPort = dnsPort }: NetworkParts,
): GuestNetwork {
  const policy = parseNetworkRules(network ?? { outbound: [], binds: [] });
  const access = accessOf(number, sockets, { resolvConf: "", hosts: "", ...network, nameServerPort });
  const listeners = opened.flatMap((listener, index) => {
    return "accept" in listener ? [{ listener, guestPort: orders[index]?.guestPort }] : [];
  });
  return new GuestNetwork({ policy, access, budget, listeners });
}

function accessOf(
  guest: number,
  sockets: WantedSockets,
  names: { readonly resolvConf: string; readonly hosts: string; readonly nameServerPort: number },
): NetworkAccess {
  const open = async (order: SocketOrder): Promise<OpenedSocket> => {
    const { family, protocol, bind } = order;
    const place = bind && { address: formatIpAddress(bind.address), port: bind.port };
    try {
      return openedSocket(await sockets.want(guest, { family, protocol, ...(place && { bind: place }) }), family);
    } catch (thrown) {
      throw HostError.from(thrown, "open a socket");
    }
  };
  const connect = async (endpoint: Endpoint, signal: AbortSignal): Promise<Socket> => {
    const { fd } = await open({ family: endpoint.address.family, protocol: "tcp" });
    return connectSocket(fd, endpoint, signal);
  };
  const resolver = new Resolver({
    resolvConf: parseResolvConf(names.resolvConf),
    hosts: names.hosts,
    transport: {
      port: names.nameServerPort,
      openUdp: async ({ family }) => (await open({ family, protocol: "udp" })).fd,
      connectTcp: (address, signal) => connect({ address, port: names.nameServerPort }, signal),
    },
  });
  return {
    open,
    connect,
    socketOf: (fd) => openedSocket(fd, localEndpoint(fd).address.family),
    lookUp: (what, signal) => resolver.lookUp(what, signal),
  };
}

function openedSocket(fd: number, family: OpenedSocket["family"]): OpenedSocket {
  const nameOf = (option: SocketOption): SocketOptionName => (option === "hop-limit" ? `hop-limit-${family}` : option);
  return {
    fd,
    family,
    localEndpoint: () => localEndpoint(fd),
    option: (option) => attempt("read", () => socketOption(fd, nameOf(option))),
    setOption: (option, value) => attempt("set", () => setSocketOption(fd, nameOf(option), value)),
  };
}

function localEndpoint(fd: number): Endpoint {
  const { address: text, port } = attempt("ask", () => localAddressOf(fd));
  const address = parseIpAddress(text);
  if (address === undefined) throw new HostError("invalid-state", `use "${text}", which is no address of the internet`);
  return { address, port };
}

function attempt<Value>(action: string, act: () => Value): Value {
  try {
    return act();
  } catch (thrown) {
    throw HostError.from(thrown, `${action} what a socket is`);
  }
}
