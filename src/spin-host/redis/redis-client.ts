import type { Socket } from "node:net";
import { AnswerBytes } from "../outbound/answer-bytes.ts";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets, secured } from "../outbound/outbound-sockets.ts";
import type { RedisAddress } from "./redis-address.ts";
import { RespReader, type RespValue } from "./resp-reader.ts";

/** A message of a channel. */
type OnMessage = (channel: Uint8Array, payload: Uint8Array) => void;

/** A connection to Redis: calls are sent as they come and answered in their order. */
export class RedisClient {
  readonly #socket: Socket;
  readonly #bytes = new AnswerBytes();
  readonly #reader = new RespReader(this.#bytes);
  readonly #calls: PromiseWithResolvers<RespValue>[] = [];
  #failure: OutboundError | undefined;
  readonly #closed = Promise.withResolvers<void>();
  readonly #onMessage: OnMessage | undefined;

  /** Rejects with an `OutboundError`. */
  static async connect(address: RedisAddress, sockets: OutboundSockets, onMessage?: OnMessage): Promise<RedisClient> {
    const plain = await sockets.open(address);
    const { scheme, host, isInsecure } = address;
    const socket = scheme === "redis" ? plain : await secured(plain, host, { rejectUnauthorized: !isInsecure });
    const client = new RedisClient(socket, onMessage);
    try {
      await client.#begin(address);
      return client;
    } catch (thrown) {
      client.close();
      throw thrown;
    }
  }

  private constructor(socket: Socket, onMessage: OnMessage | undefined) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", ({ message }: Error) => this.#fail(message));
    socket.once("close", () => this.#fail("the connection was closed"));
    socket.resume();
  }

  /** Asks in words, of which the first names the command. Errors of the server are values; rejects with an `OutboundError`. */
  ask(words: readonly (string | Uint8Array)[]): Promise<RespValue> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const isFull =
      this.#calls.length >= outboundLimits.callsMax || this.#socket.writableLength > outboundLimits.unsentBytesMax;
    if (isFull) return Promise.reject(new OutboundError("failed", "too many commands of this connection wait"));
    const call = Promise.withResolvers<RespValue>();
    this.#calls.push(call);
    this.#send(words);
    return call.promise;
  }

  /** Resolves when it is of no more use. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Takes no more of what the server sends, which then keeps it, up to its own limit. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Notices after a while that a server has gone that nobody asks anything. */
  keepAlive(afterMs: number): void {
    this.#socket.setKeepAlive(true, afterMs);
  }

  /** Idempotent. */
  close(): void {
    this.#fail("the connection was closed");
  }

  async #begin({ user, password, database }: RedisAddress): Promise<void> {
    if (password !== undefined) {
      const words = user === undefined ? ["AUTH", password] : ["AUTH", user, password];
      await this.#must(words, "Password authentication failed");
    }
    if (database === undefined) return;
    await this.#must(["SELECT", String(database)], "Redis server refused to switch database");
  }

  async #must(words: readonly string[], message: string): Promise<void> {
    const answer = await this.ask(words);
    if (answer.kind === "error") throw new OutboundError("failed", `${message}: ${answer.text}`);
  }

  #send(words: readonly (string | Uint8Array)[]): void {
    this.#socket.cork();
    this.#socket.write(`*${words.length}\r\n`);
    for (const word of words) {
      this.#socket.write(`$${Buffer.byteLength(word)}\r\n`);
      this.#socket.write(word);
      this.#socket.write("\r\n");
    }
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      for (const answer of this.#reader.read(chunk)) this.#answer(answer);
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #answer(answer: RespValue): void {
    if (this.#onMessage !== undefined && this.#pass(answer, this.#onMessage)) return;
    const call = this.#calls.shift();
    // What nobody asked for, such as messages of a channel, would be taken for answers from here on.
    if (call === undefined) this.#fail("the server says what it was not asked for");
    else call.resolve(answer);
  }

  /** Messages come between answers: an array of "message", the channel and the payload. */
  #pass(answer: RespValue, onMessage: OnMessage): boolean {
    const [kind, channel, payload] = answer.kind === "array" ? answer.items : [];
    if (kind?.kind !== "bytes" || channel?.kind !== "bytes" || payload?.kind !== "bytes") return false;
    if (Buffer.from(kind.bytes).toString("latin1") !== "message") return false;
    onMessage(channel.bytes, payload.bytes);
    return true;
  }

  #fail(message: string): void {
    this.#failure ??= new OutboundError("failed", message);
    for (const call of this.#calls.splice(0)) call.reject(this.#failure);
    this.#bytes.clear();
    this.#socket.destroy();
    this.#closed.resolve();
  }
}
