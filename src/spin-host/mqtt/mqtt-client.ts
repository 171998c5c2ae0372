import type { Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets, secured } from "../outbound/outbound-sockets.ts";
import type { MqttAddress } from "./mqtt-address.ts";

/** How a message is to arrive. */
export type Delivery = 0 | 1 | 2;

interface MqttOptions {
  readonly address: MqttAddress;
  readonly username: string;
  readonly password: string;
  /** Seconds after which a server that hears nothing ends the connection; 0 for never. */
  readonly keepAliveSeconds: number;
}

/** Bytes that a server may send between answers: it has nothing to say to whoever does not subscribe. */
const unaskedBytesMax = 1_048_576;
/** Numbers of messages are of 16 bits. */
const messageIdMax = 65_535;

/** Publishes to MQTT 3.1.1. It connects when it has something to say, and anew where the connection was lost. */
export class MqttClient {
  readonly #options: MqttOptions;
  readonly #sockets: OutboundSockets;
  #session: Promise<Session> | undefined;
  #isClosed = false;

  constructor(options: MqttOptions, sockets: OutboundSockets) {
    this.#options = options;
    this.#sockets = sockets;
  }

  /** Resolves when the message is where `delivery` wants it. Rejects with an `OutboundError`. */
  async publish(topic: string, payload: Uint8Array, delivery: Delivery): Promise<void> {
    const session = await this.#connected();
    await session.publish(topic, payload, delivery);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    void this.#session?.then(
      (session) => session.close("the connection was closed"),
      () => undefined,
    );
  }

  async #connected(): Promise<Session> {
    if (this.#isClosed) throw new OutboundError("failed", "the connection was closed");
    const session = await this.#session?.catch(() => undefined);
    if (session?.isOpen === true) return session;
    this.#session = Session.open(this.#options, this.#sockets);
    return this.#session;
  }
}

/** One connection, from `CONNECT` to its end. */
class Session {
  readonly #socket: Socket;
  readonly #parser = parser({ protocolVersion: 4 });
  readonly #calls = new Map<number, PromiseWithResolvers<void>>();
  #failure: OutboundError | undefined;
  #lastId = 0;
  #unaskedBytes = 0;
  readonly #accepted = Promise.withResolvers<void>();

  static async open({ address, ...options }: MqttOptions, sockets: OutboundSockets): Promise<Session> {
    const plain = await sockets.open(address);
    const socket = address.isSecured ? await secured(plain, address.host) : plain;
    const session = new Session(socket);
    const { username, password, keepAliveSeconds: keepalive } = options;
    const greeting: Packet = {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId: address.clientId,
      keepalive,
      ...(username === "" ? {} : { username, password: Buffer.from(password) }),
    };
    session.#send(greeting).catch((error: unknown) => session.close(String(error)));
    await session.#accepted.promise;
    return session;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#parser.on("packet", (packet: Packet) => this.#receive(packet));
    this.#parser.on("error", ({ message }: Error) => this.close(message));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", ({ message }: Error) => this.close(message));
    socket.once("close", () => this.close("the connection was closed"));
    socket.resume();
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  publish(topic: string, payload: Uint8Array, qos: Delivery): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#calls.size >= outboundLimits.callsMax || this.#socket.writableLength > outboundLimits.unsentBytesMax) {
      return Promise.reject(new OutboundError("failed", "too many messages of this connection wait"));
    }
    const message = { cmd: "publish", topic, payload: Buffer.from(payload), dup: false, retain: false } as const;
    if (qos === 0) return this.#send({ ...message, qos });
    const call = Promise.withResolvers<void>();
    const messageId = this.#nextId();
    this.#calls.set(messageId, call);
    this.#send({ ...message, qos, messageId }).catch((error: unknown) => call.reject(error));
    return call.promise;
  }

  /** Idempotent: the first reason counts. */
  close(reason: string): void {
    this.#failure ??= new OutboundError("failed", reason);
    this.#accepted.reject(this.#failure);
    for (const call of this.#calls.values()) call.reject(this.#failure);
    this.#calls.clear();
    this.#socket.destroy();
  }

  /** Resolves when it has left this process. */
  #send(packet: Packet): Promise<void> {
    const sent = Promise.withResolvers<void>();
    let bytes: Buffer;
    try {
      bytes = generate(packet, { protocolVersion: 4 });
    } catch (thrown) {
      return Promise.reject(new OutboundError("failed", thrown instanceof Error ? thrown.message : String(thrown)));
    }
    this.#socket.write(bytes, (error) => {
      if (error === null || error === undefined) sent.resolve();
      else sent.reject(new OutboundError("failed", error.message));
    });
    return sent.promise;
  }

  #read(chunk: Buffer): void {
    if (!this.isOpen) return;
    this.#unaskedBytes += chunk.length;
    if (this.#unaskedBytes > unaskedBytesMax) {
      this.close("the server says what it was not asked for");
      return;
    }
    try {
      this.#parser.parse(chunk);
    } catch (thrown) {
      this.close(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #receive(packet: Packet): void {
    switch (packet.cmd) {
      case "connack":
        if (packet.returnCode === 0) this.#accepted.resolve();
        else this.close(`Connection refused, return code: ${packet.returnCode}`);
        return;
      case "pubrec":
        // The second half of delivering exactly once.
        if (packet.messageId !== undefined) {
          this.#send({ cmd: "pubrel", messageId: packet.messageId }).catch(() => undefined);
        }
        return;
      case "puback":
      case "pubcomp":
        this.#delivered(packet.messageId);
        return;
      default:
    }
  }

  #delivered(messageId = 0): void {
    this.#unaskedBytes = 0;
    this.#calls.get(messageId)?.resolve();
    this.#calls.delete(messageId);
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % messageIdMax) + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }
}
