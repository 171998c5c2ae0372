import { CancellableAnswer, type HostInterface, type HostResource } from "../../component/index.ts";
import { type SocketFamily, TcpSocket } from "../../host/index.ts";
import { waiting } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { endpointOfValue, type SocketAddressValue } from "../../p2/sockets/socket-address.ts";
import { tcpInterface as tcpOfP2 } from "../../p2/sockets/tcp.ts";
import { failedOutput, failedRead, type ReadAnswer, readVia, writeVia } from "../streams.ts";
import { acceptedSockets } from "./accepted-sockets.ts";
import { attempt, attemptLater, type ErrorCode, socketErrorCode } from "./error-code.ts";
import { GuestTcp } from "./guest-tcp.ts";
import { methodsOfP2, readAndSet } from "./methods.ts";

const options = readAndSet([
  "keep-alive-enabled",
  "keep-alive-idle-time",
  "keep-alive-interval",
  "keep-alive-count",
  "hop-limit",
  "receive-buffer-size",
  "send-buffer-size",
]);
const asked = ["local-address", "remote-address", "is-listening", "address-family", "set-listen-backlog-size"];

export const tcpResource: HostResource = { drop: (tcp: GuestTcp) => tcp.drop() };

/** The functions of `tcp-socket`. Those that may need a socket of the system wait for it, of async type or not. */
export function tcpFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[static]tcp-socket.create": (family: SocketFamily) =>
      attempt(() => new GuestTcp(new TcpSocket(family, context.network))),
    "[method]tcp-socket.bind": waiting(context, ({ socket }: GuestTcp, local: SocketAddressValue) =>
      attemptLater(async () => socket.bind(endpointOfValue(local))),
    ),
    "[method]tcp-socket.connect": ({ socket }: GuestTcp, remote: SocketAddressValue) => connect(socket, remote),
    "[method]tcp-socket.listen": waiting(context, (tcp: GuestTcp) =>
      attemptLater(async () => {
        await tcp.socket.listenAnywhere();
        return acceptedSockets(context, tcp);
      }),
    ),
    "[method]tcp-socket.send": (tcp: GuestTcp, data: object) => send(context, tcp, data),
    "[method]tcp-socket.receive": (tcp: GuestTcp) => receive(context, tcp),
    ...methodsOfP2(tcpOfP2, "tcp-socket", [...asked, ...options]),
  };
}

function connect(socket: TcpSocket, remote: SocketAddressValue): unknown {
  const begun = attempt(() => socket.connect(endpointOfValue(remote)));
  if (begun.tag === "err") return begun;
  const answer = attemptLater(async () => void (await begun.value));
  return new CancellableAnswer(answer, () => socket.giveUp());
}

/** The end of the stream is the end of what the peer hears; the future tells once all of it has gone out. */
function send(context: P2Context, tcp: GuestTcp, data: object): { readonly future: Promise<unknown> } {
  try {
    const { connection, release } = tcp.take("send");
    return writeVia(context, data, connection.output, socketErrorCode, release);
  } catch (thrown) {
    return writeVia(context, data, failedOutput(thrown), socketErrorCode);
  }
}

function receive(context: P2Context, tcp: GuestTcp): ReadAnswer<ErrorCode> {
  try {
    const { connection, release } = tcp.take("receive");
    return readVia(context, connection.input, socketErrorCode, release);
  } catch (thrown) {
    return failedRead(thrown, socketErrorCode);
  }
}
