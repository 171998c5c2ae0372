import { once } from "node:events";
import { isIP, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { nodeTls } from "#base";
import { type GuestNetwork, HostError } from "#engine";
import { outboundLimits } from "./limits.ts";

/** Where a data service is: a name, or an address without brackets. The scheme is what rules are compared with. */
export interface ServiceTarget {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** Why there is no connection. */
export class OutboundError extends Error {
  readonly kind: "denied" | "too-many" | "failed";

  constructor(kind: OutboundError["kind"], message: string) {
    super(message);
    this.name = "OutboundError";
    this.kind = kind;
  }
}

/** Connections of one instance to data services, opened in its network by its rules; they end with it. */
export class OutboundSockets {
  readonly #network: GuestNetwork;
  readonly #ended = new AbortController();
  readonly #open = new Set<Socket>();
  #opening = 0;

  constructor(network: GuestNetwork) {
    this.#network = network;
  }

  /** Whether rules allow to connect there at all. */
  mayOpen(target: ServiceTarget): boolean {
    return this.#network.mayAskFor(target);
  }

  /** A socket that closes when its peer does. Rejects with an `OutboundError`. */
  async open(target: ServiceTarget): Promise<Socket> {
    if (this.#count() >= outboundLimits.connectionsMax) {
      throw new OutboundError("too-many", "too many connections");
    }
    this.#opening += 1;
    try {
      return this.#keep(await this.#network.connect(target, this.#ended.signal));
    } catch (thrown) {
      throw failureOf(thrown, target);
    } finally {
      this.#opening -= 1;
    }
  }

  /** Idempotent: whoever waits for one of the connections is told that it closed. */
  close(): void {
    this.#ended.abort();
    for (const socket of this.#open) socket.destroy();
  }

  /** One that was destroyed a moment ago is still to say so. */
  #count(): number {
    for (const socket of this.#open) if (socket.destroyed) this.#open.delete(socket);
    return this.#open.size + this.#opening;
  }

  #keep(socket: Socket): Socket {
    socket.allowHalfOpen = false;
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    if (this.#ended.signal.aborted) socket.destroy();
    return socket;
  }
}

function failureOf(thrown: unknown, { host, port }: ServiceTarget): OutboundError {
  if (!(thrown instanceof HostError)) throw thrown;
  if (thrown.code === "access") return new OutboundError("denied", `address ${host}:${port} is not permitted`);
  return new OutboundError("failed", thrown.message);
}

/** Speaks TLS on a connection, with the machine's own authorities unless others are given. Rejects with an `OutboundError`. */
export async function secured(
  socket: Socket,
  host: string,
  options: Pick<ConnectionOptions, "ca" | "rejectUnauthorized"> = {},
): Promise<Socket> {
  // RFC 6066: a server is told no address as its name; its certificate is for the address all the same.
  const peer = isIP(host) === 0 ? { servername: host } : { host };
  const secure = nodeTls().connect({ socket, ...peer, ...options });
  secure.once("close", () => socket.destroy());
  socket.once("close", () => secure.destroy(new Error("the connection was closed")));
  try {
    await once(secure, "secureConnect");
    return secure;
  } catch (thrown) {
    socket.destroy();
    throw new OutboundError("failed", `TLS with "${host}": ${thrown instanceof Error ? thrown.message : "it failed"}`);
  }
}
