import type { StreamSource } from "../../component/index.ts";
import { HostError, type TcpSocket } from "../../host/index.ts";
import type { P2Context } from "../../p2/context.ts";
import { StreamTurn } from "../stream-turn.ts";
import { GuestTcp } from "./guest-tcp.ts";

/** The connections of a socket that listens, each given when the guest asks for it. */
export function acceptedSockets(context: P2Context, tcp: GuestTcp): StreamSource {
  const { socket } = tcp;
  const turn = new StreamTurn(context);
  return {
    read(countMax) {
      if (!turn.isThere) return undefined;
      turn.use();
      if (countMax === 0) return socket.acceptable.isReady() ? [] : undefined;
      return accept(socket, countMax);
    },
    onReadable: (callback) => turn.onReady(socket.acceptable, callback),
    close: tcp.hold(),
  };
}

/** A listener that fails does so for good; connections that came before are given first. */
function accept(socket: TcpSocket, countMax: number): readonly GuestTcp[] | "ended" | undefined {
  const accepted: GuestTcp[] = [];
  while (accepted.length < countMax) {
    const next = acceptOne(socket);
    if (next === "lost") continue;
    if (next instanceof GuestTcp) accepted.push(next);
    else return accepted.length > 0 ? accepted : next;
  }
  return accepted;
}

/** Lost is a connection that the guest has no descriptor for; its peer sees that it is closed. */
function acceptOne(socket: TcpSocket): GuestTcp | "lost" | "ended" | undefined {
  try {
    return new GuestTcp(socket.accept().socket);
  } catch (thrown) {
    if (!(thrown instanceof HostError)) throw thrown;
    if (thrown.code === "would-block") return undefined;
    return thrown.code === "too-many-open-files" ? "lost" : "ended";
  }
}
