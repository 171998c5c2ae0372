import type { HostInterface } from "../../component/index.ts";
import { type Connection, type GuestNetwork, type Pollable, type SocketFamily, TcpSocket } from "../../host/index.ts";
import { GuestInput } from "../io/guest-input.ts";
import { GuestOutput } from "../io/guest-output.ts";
import { ok } from "../calls.ts";
import { Pending } from "./pending.ts";
import { endpointOfValue, type SocketAddressValue, socketAddressValueOf } from "./socket-address.ts";
import { attempt, failed, type SocketAnswer } from "./socket-error.ts";
import { bufferFunctions, hopLimitFunctions, keepAliveFunctions } from "./socket-options.ts";

/** `wasi:sockets/tcp#tcp-socket`. */
interface GuestTcp {
  readonly socket: TcpSocket;
  readonly pending: Pending;
}

/** A connection's streams end with its socket; dropping one of them ends neither. */
const stream = { origin: "other", release: () => undefined } as const;

/** `wasi:sockets/tcp-create-socket`. */
export function tcpCreateInterface(network: GuestNetwork): HostInterface {
  return {
    functions: {
      "create-tcp-socket": (family: SocketFamily) => attempt(() => guestTcp(new TcpSocket(family, network))),
    },
    resources: {},
  };
}

/** `wasi:sockets/tcp`. */
export const tcpInterface: HostInterface = {
  functions: {
    ...beginningFunctions(),
    "[method]tcp-socket.accept": ({ socket }: GuestTcp) => accept(socket),
    "[method]tcp-socket.local-address": ({ socket }: GuestTcp) =>
      attempt(() => socketAddressValueOf(socket.localEndpoint())),
    "[method]tcp-socket.remote-address": ({ socket }: GuestTcp) =>
      attempt(() => socketAddressValueOf(socket.remoteEndpoint())),
    "[method]tcp-socket.is-listening": ({ socket }: GuestTcp) => socket.isListening,
    "[method]tcp-socket.address-family": ({ socket }: GuestTcp) => socket.family,
    "[method]tcp-socket.set-listen-backlog-size": ({ socket }: GuestTcp, size: bigint) =>
      attempt(() => socket.setBacklog(Number(size))),
    ...keepAliveFunctions(),
    ...hopLimitFunctions("tcp-socket.hop-limit"),
    ...bufferFunctions("tcp-socket"),
    "[method]tcp-socket.subscribe": (tcp: GuestTcp) => pollableOf(tcp),
    "[method]tcp-socket.shutdown": ({ socket }: GuestTcp, which: "receive" | "send" | "both") =>
      attempt(() => socket.connection().shutdown({ read: which !== "send", write: which !== "receive" })),
  },
  resources: { "tcp-socket": { drop: ({ socket }: GuestTcp) => socket.close() } },
};

/** What is begun by one call and finished by another. */
function beginningFunctions(): HostInterface["functions"] {
  return {
    "[method]tcp-socket.start-bind": ({ socket, pending }: GuestTcp, _network: object, to: SocketAddressValue) =>
      pending.start("bind", () => socket.bind(endpointOfValue(to))),
    "[method]tcp-socket.finish-bind": ({ pending }: GuestTcp) => pending.finish("bind"),
    "[method]tcp-socket.start-connect": ({ socket, pending }: GuestTcp, _network: object, to: SocketAddressValue) =>
      pending.start("connect", () => socket.connect(endpointOfValue(to))),
    "[method]tcp-socket.finish-connect": ({ pending }: GuestTcp) => withStreams(pending.finish<Connection>("connect")),
    "[method]tcp-socket.start-listen": ({ socket, pending }: GuestTcp) =>
      pending.start("listen", () => socket.listen()),
    "[method]tcp-socket.finish-listen": ({ pending }: GuestTcp) => pending.finish("listen"),
  };
}

function guestTcp(socket: TcpSocket): GuestTcp {
  return { socket, pending: new Pending() };
}

function withStreams(answer: SocketAnswer<Connection>): SocketAnswer<readonly object[]> {
  if (answer.tag === "err") return answer;
  return answer.value === undefined ? failed("unknown") : ok(streamsOf(answer.value));
}

function streamsOf({ input, output }: Connection): readonly object[] {
  return [new GuestInput(input, stream), new GuestOutput(output, stream)];
}

function accept(listening: TcpSocket): SocketAnswer<readonly object[]> {
  return attempt(() => {
    const { socket, connection } = listening.accept();
    return [guestTcp(socket), ...streamsOf(connection)];
  });
}

/** Of what is under way, of the next connection where the socket listens, and ready where there is nothing to wait for. */
function pollableOf({ socket, pending }: GuestTcp): Pollable {
  const current = (): Pollable => (pending.isUnderWay ? pending.settled : socket.acceptable);
  return { isReady: () => current().isReady(), onReady: (callback) => current().onReady(callback) };
}
