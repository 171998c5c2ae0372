import { KwasmError } from "#base";
import type { HostInterface } from "../../component/index.ts";
import { type GuestNetwork, type SocketFamily, UdpSocket } from "../../host/index.ts";
import type { Pollable } from "../../host/pollable.ts";
import { type Answer, err, ok } from "../calls.ts";
import { Pending } from "./pending.ts";
import { endpointOfValue, type SocketAddressValue, socketAddressValueOf } from "./socket-address.ts";
import { attempt, type SocketAnswer, socketErrorOf } from "./socket-error.ts";
import { bufferFunctions, hopLimitFunctions } from "./socket-options.ts";

/** `wasi:sockets/udp#udp-socket`. */
interface GuestUdp {
  readonly socket: UdpSocket;
  readonly pending: Pending;
  /** The streams of the last call of `stream`; those before have no socket any more. */
  streams: object;
}

/** `wasi:sockets/udp#incoming-datagram-stream` and `outgoing-datagram-stream`. */
interface GuestDatagrams {
  readonly udp: GuestUdp;
  readonly streams: object;
  /** How many may be sent before the guest asks again. */
  permitted: number;
}

interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly "remote-address"?: SocketAddressValue;
}

/** `wasi:sockets/udp-create-socket`. */
export function udpCreateInterface(network: GuestNetwork): HostInterface {
  return {
    functions: {
      "create-udp-socket": (family: SocketFamily) => attempt(() => guestUdp(new UdpSocket(family, network))),
    },
    resources: {},
  };
}

/** `wasi:sockets/udp`. */
export const udpInterface: HostInterface = {
  functions: {
    "[method]udp-socket.start-bind": ({ socket, pending }: GuestUdp, _network: object, to: SocketAddressValue) =>
      pending.start("bind", () => socket.bind(endpointOfValue(to))),
    "[method]udp-socket.finish-bind": ({ pending }: GuestUdp) => pending.finish("bind"),
    "[method]udp-socket.stream": openStreams,
    "[method]udp-socket.local-address": ({ socket }: GuestUdp) =>
      attempt(() => socketAddressValueOf(socket.localEndpoint())),
    "[method]udp-socket.remote-address": ({ socket }: GuestUdp) =>
      attempt(() => socketAddressValueOf(socket.remoteEndpoint())),
    "[method]udp-socket.address-family": ({ socket }: GuestUdp) => socket.family,
    ...hopLimitFunctions("udp-socket.unicast-hop-limit"),
    ...bufferFunctions("udp-socket"),
    "[method]udp-socket.subscribe": ({ pending }: GuestUdp) => pending.settled,
    ...datagramFunctions(),
  },
  resources: {
    "udp-socket": { drop: ({ socket }: GuestUdp) => socket.close() },
    "incoming-datagram-stream": {},
    "outgoing-datagram-stream": {},
  },
};

function datagramFunctions(): HostInterface["functions"] {
  return {
    "[method]incoming-datagram-stream.receive": (datagrams: GuestDatagrams, countMax: bigint) =>
      receive(datagrams, countMax),
    "[method]incoming-datagram-stream.subscribe": ({ udp }: GuestDatagrams): Pollable => udp.socket.readable,
    "[method]outgoing-datagram-stream.check-send": (datagrams: GuestDatagrams) =>
      attempt(() => BigInt((datagrams.permitted = socketOf(datagrams).capacity()))),
    "[method]outgoing-datagram-stream.send": (datagrams: GuestDatagrams, list: readonly OutgoingDatagram[]) =>
      send(datagrams, list),
    "[method]outgoing-datagram-stream.subscribe": ({ udp }: GuestDatagrams): Pollable => udp.socket.writable,
  };
}

function guestUdp(socket: UdpSocket): GuestUdp {
  return { socket, pending: new Pending(), streams: {} };
}

/** `%stream`: from here on with this peer, or with any; the streams of the last time do nothing more. */
function openStreams(udp: GuestUdp, remote: SocketAddressValue | undefined): SocketAnswer<readonly object[]> {
  return attempt(() => {
    udp.socket.connect(remote && endpointOfValue(remote));
    udp.streams = {};
    const datagrams = { udp, streams: udp.streams, permitted: 0 };
    return [datagrams, { ...datagrams }];
  });
}

function socketOf({ udp, streams }: GuestDatagrams): UdpSocket {
  if (udp.streams === streams) return udp.socket;
  throw new KwasmError("invalid-argument", "use a stream of datagrams whose socket has new ones");
}

function receive(datagrams: GuestDatagrams, countMax: bigint): SocketAnswer<readonly object[]> {
  return attempt(() => {
    if (countMax === 0n) return [];
    const received = socketOf(datagrams).receive(countMax > 1_024n ? 1_024 : Number(countMax));
    return received.map(({ bytes, remote }) => ({ data: bytes, "remote-address": socketAddressValueOf(remote) }));
  });
}

/**
 * Sends them in turn. Where one cannot be sent, those before it count, and its error is told by the next call: by this
 * one where it is the first.
 */
function send(datagrams: GuestDatagrams, list: readonly OutgoingDatagram[]): Answer<bigint, string> {
  if (list.length > datagrams.permitted) {
    throw new KwasmError(
      "invalid-argument",
      `send "${list.length}" datagrams where "${datagrams.permitted}" were permitted: ask check-send first`,
    );
  }
  const socket = socketOf(datagrams);
  let sent = 0;
  try {
    for (const { data, "remote-address": remote } of list) {
      socket.send(data, remote && endpointOfValue(remote));
      sent++;
    }
  } catch (thrown) {
    const code = socketErrorOf(thrown);
    if (sent === 0) return err(code);
  }
  datagrams.permitted -= sent;
  return ok(BigInt(sent));
}
