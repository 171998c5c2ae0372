import { CancellableAnswer, type HostInterface, type HostResource } from "../../component/index.ts";
import { type SocketFamily, UdpSocket } from "../../host/index.ts";
import { waiting } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { endpointOfValue, type SocketAddressValue, socketAddressValueOf } from "../../p2/sockets/socket-address.ts";
import { udpInterface as udpOfP2 } from "../../p2/sockets/udp.ts";
import { attempt, attemptLater, type SocketAnswer } from "./error-code.ts";
import { methodsOfP2, readAndSet } from "./methods.ts";

/** `wasi:sockets/types#udp-socket`. */
interface GuestUdp {
  readonly socket: UdpSocket;
}

type ReceiveAnswer = SocketAnswer<readonly [data: Uint8Array, from: SocketAddressValue]>;

const options = readAndSet(["unicast-hop-limit", "receive-buffer-size", "send-buffer-size"]);
const asked = ["local-address", "remote-address", "address-family"];

export const udpResource: HostResource = { drop: ({ socket }: GuestUdp) => socket.close() };

/** The functions of `udp-socket`. Those that may need a socket of the system wait for it, of async type or not. */
export function udpFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[static]udp-socket.create": (family: SocketFamily) =>
      attempt((): GuestUdp => ({ socket: new UdpSocket(family, context.network) })),
    "[method]udp-socket.bind": waiting(context, ({ socket }: GuestUdp, local: SocketAddressValue) =>
      attemptLater(async () => socket.bind(endpointOfValue(local))),
    ),
    "[method]udp-socket.connect": waiting(context, ({ socket }: GuestUdp, remote: SocketAddressValue) =>
      attemptLater(async () => socket.connectTo(endpointOfValue(remote))),
    ),
    "[method]udp-socket.disconnect": ({ socket }: GuestUdp) => attempt(() => disconnect(socket)),
    "[method]udp-socket.send": ({ socket }: GuestUdp, data: Uint8Array, remote: SocketAddressValue | undefined) =>
      attemptLater(async () => socket.deliver(data, remote && endpointOfValue(remote))),
    "[method]udp-socket.receive": ({ socket }: GuestUdp) => receive(context, socket),
    ...methodsOfP2(udpOfP2, "udp-socket", [...asked, ...options]),
  };
}

function disconnect(socket: UdpSocket): void {
  // Throws where there is none.
  socket.remoteEndpoint();
  socket.connect(undefined);
}

/** One that is no longer waited for takes no datagram. */
function receive(context: P2Context, socket: UdpSocket): ReceiveAnswer | CancellableAnswer {
  const there = receiveNow(socket);
  if (there !== undefined) return there;
  let isCancelled = false;
  let stopWaiting: (() => void) | undefined;
  const answer = (async () => {
    for (;;) {
      await context.interrupt.wait((finish) => {
        stopWaiting = finish;
        return socket.readable.onReady(finish);
      });
      const next = isCancelled ? undefined : receiveNow(socket);
      if (next !== undefined || isCancelled) return next;
    }
  })();
  return new CancellableAnswer(answer, () => {
    isCancelled = true;
    stopWaiting?.();
  });
}

function receiveNow(socket: UdpSocket): ReceiveAnswer | undefined {
  const received = attempt(() => socket.receive(1));
  if (received.tag === "err") return received;
  const datagram = received.value?.[0];
  return datagram && { tag: "ok", value: [datagram.bytes, socketAddressValueOf(datagram.remote)] };
}
