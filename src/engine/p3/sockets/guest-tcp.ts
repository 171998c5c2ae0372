import { type Connection, HostError, type ShutdownHalves, type TcpSocket } from "../../host/index.ts";

/**
 * `wasi:sockets/types#tcp-socket`. The socket belongs to its handle, to the streams over it and to the one of its
 * connections alike: whichever is dropped last closes it.
 */
export class GuestTcp {
  readonly socket: TcpSocket;
  readonly #halvesTaken = new Set<"send" | "receive">();
  #holders = 0;
  /** Called when the guest drops the handle. */
  readonly drop: () => void;

  constructor(socket: TcpSocket) {
    this.socket = socket;
    this.drop = this.hold();
  }

  /** The answer is to be called once, by who has the socket no longer. */
  hold(): () => void {
    this.#holders++;
    return () => {
      this.#holders--;
      if (this.#holders === 0) this.socket.close();
    };
  }

  /** Half of the connection, for its one user, who gives it back. Throws `invalid-state` where it is none's to take. */
  take(half: "send" | "receive"): { readonly connection: Connection; readonly release: () => void } {
    const connection = this.socket.connection();
    if (this.#halvesTaken.has(half)) throw new HostError("invalid-state", `${half} a second time on a socket`);
    this.#halvesTaken.add(half);
    const release = this.hold();
    return {
      connection,
      release() {
        shutdown(connection, { read: half === "receive", write: half === "send" });
        release();
      },
    };
  }
}

/** A connection that is gone has no halves any more. */
function shutdown(connection: Connection, halves: ShutdownHalves): void {
  try {
    connection.shutdown(halves);
  } catch (thrown) {
    if (!(thrown instanceof HostError)) throw thrown;
  }
}
