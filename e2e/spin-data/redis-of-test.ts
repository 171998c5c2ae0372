import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { RespReader, type RespValue } from "../../src/spin-host/redis/resp-reader.ts";
import { askUntil } from "../containerd/ask-until.ts";

const bytesUncounted = { add: () => undefined, clear: () => undefined };

/** A user of a Redis: one connection that asks, and one that listens. */
export class RedisOfTest implements Disposable {
  readonly #port: number;
  readonly #asking: Connection;
  #listening: Connection | undefined;

  static async connect(port: number): Promise<RedisOfTest> {
    return new RedisOfTest(port, await Connection.open(port));
  }

  private constructor(port: number, asking: Connection) {
    this.#port = port;
    this.#asking = asking;
  }

  ask(...words: readonly string[]): Promise<RespValue> {
    return this.#asking.ask(words);
  }

  async publish(channel: string, payload: string): Promise<bigint> {
    const answer = await this.ask("PUBLISH", channel, payload);
    if (answer.kind !== "integer") throw new Error(JSON.stringify(answer));
    return answer.value;
  }

  /** Where nobody knows yet whether somebody listens: a message that nobody gets is sent again. */
  async publishUntilHeard(channel: string, payload: string): Promise<void> {
    await askUntil(`somebody who listens to ${channel}`, async () => {
      return (await this.publish(channel, payload)) > 0n ? true : undefined;
    });
  }

  /** Listens to a channel, and to no other any more. */
  async subscribe(channel: string): Promise<void> {
    this.#listening?.close();
    this.#listening = await Connection.open(this.#port);
    await this.#listening.ask(["SUBSCRIBE", channel]);
  }

  /** The next message of what it listens to. */
  async next(): Promise<string> {
    const message = await this.#listening?.next();
    const payload = message?.kind === "array" ? message.items[2] : undefined;
    if (payload?.kind !== "bytes") throw new Error(JSON.stringify(message));
    return Buffer.from(payload.bytes).toString();
  }

  [Symbol.dispose](): void {
    this.#asking.close();
    this.#listening?.close();
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #answers: RespValue[] = [];
  readonly #waiting: ((answer: RespValue) => void)[] = [];

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new RespReader(bytesUncounted);
    socket.on("data", (chunk: Buffer) => {
      for (const answer of reader.read(chunk)) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#answers.push(answer);
        else waiting(answer);
      }
    });
  }

  ask(words: readonly string[]): Promise<RespValue> {
    const written = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#socket.write(`*${words.length}\r\n${written.join("")}`);
    return this.next();
  }

  next(): Promise<RespValue> {
    const answer = this.#answers.shift();
    return answer === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(answer);
  }

  close(): void {
    this.#socket.destroy();
  }
}
