import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, type RecordType, TRUNCATED_RESPONSE } from "dns-packet";

/** What a test's server says to one question; `silence` says nothing. */
export type Say = { readonly kind: "silence" } | { readonly kind: "packet"; readonly packet: Partial<Packet> };

export interface Asked {
  readonly name: string;
  readonly type: RecordType;
  readonly by: "udp" | "tcp";
}

/** A name server on this machine, by UDP and TCP on one port. */
export class NameServer implements AsyncDisposable {
  /** Everything that was asked, in its order. */
  readonly asked: Asked[] = [];
  readonly port: number;
  readonly #datagrams: DatagramSocket;
  readonly #connections: Server;

  private constructor(datagrams: DatagramSocket, connections: Server, answer: (asked: Asked) => Say) {
    this.#datagrams = datagrams;
    this.#connections = connections;
    this.port = datagrams.address().port;
    datagrams.on("message", (bytes, { port, address }) => {
      const reply = this.#replyTo(bytes, "udp", answer);
      if (reply !== undefined) datagrams.send(reply, port, address);
    });
    connections.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        const reply = this.#replyTo(Buffer.from(bytes).subarray(2), "tcp", answer);
        if (reply !== undefined) socket.end(withLength(reply));
      });
    });
  }

  static async start(
    answer: (asked: Asked) => Say,
    { address = "127.0.0.1", port = 0 }: { readonly address?: string; readonly port?: number } = {},
  ): Promise<NameServer> {
    for (;;) {
      const connections = createServer().listen(port, address);
      await once(connections, "listening");
      const datagrams = createSocket("udp4").bind((connections.address() as AddressInfo).port, address);
      try {
        await once(datagrams, "listening");
        return new NameServer(datagrams, connections, answer);
      } catch {
        // The port was free for connections only; another one is tried.
        connections.close();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#datagrams.close();
    this.#connections.close();
    await once(this.#connections, "close");
  }

  #replyTo(bytes: Buffer, by: Asked["by"], answer: (asked: Asked) => Say): Buffer | undefined {
    const { id, questions = [] } = decode(bytes);
    const [question] = questions;
    if (question === undefined) return undefined;
    const { name, type } = question;
    this.asked.push({ name, type, by });
    const say = answer({ name, type, by });
    if (say.kind === "silence" || id === undefined) return undefined;
    return encode({ type: "response", id, questions, flags: AUTHORITATIVE_ANSWER, ...say.packet });
  }
}

function withLength(packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);
}

/** Addresses for names; a name that is not there is said not to be, and one without such an address has none. */
export function sayAddresses(names: Readonly<Record<string, readonly string[]>>, { name, type }: Asked): Say {
  const addresses = Object.hasOwn(names, name) ? names[name] : undefined;
  if (addresses === undefined) return { kind: "packet", packet: { flags: AUTHORITATIVE_ANSWER | 3 } };
  const own = addresses.filter((address) => address.includes(":") === (type === "AAAA"));
  const kind = type === "AAAA" ? "AAAA" : "A";
  return { kind: "packet", packet: { answers: own.map((data) => ({ type: kind, name, ttl: 0, data })) } };
}

export const cut: Say = { kind: "packet", packet: { flags: TRUNCATED_RESPONSE } };
export const failure: Say = { kind: "packet", packet: { flags: 2 } };
export const silence: Say = { kind: "silence" };
