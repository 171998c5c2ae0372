import type { GuestNetwork, HttpProgram, MessageSink, MessageSource } from "#engine";
import type { SubscriptionSpec } from "#spin";
import { OutboundSockets } from "../outbound/outbound-sockets.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { RedisClient } from "./redis-client.ts";

/** Messages of one server that wait or are handled, before the next ones are left to the server. */
const messagesMax = 64;
/** The same in bytes of their payloads. */
const payloadBytesMax = 16 * 1_048_576;
/** How long the first and the longest wait are before a server is tried again, milliseconds. */
const retryMs = { first: 100, longest: 10_000 } as const;
/** How long a connection may be silent before the kernel asks whether the server is there, milliseconds. */
const silentMsMax = 30_000;

interface Received {
  readonly program: HttpProgram;
  readonly channel: string;
  readonly payload: Uint8Array;
}

/**
 * Listens to the channels of one server, as Spin's trigger does (crates/trigger-redis/src/lib.rs), and goes on where that
 * ends: a server that is not there is tried again. Messages that are sent meanwhile are lost, as Redis has it.
 */
export class RedisSubscription implements MessageSource {
  readonly #spec: SubscriptionSpec;
  readonly #programs: ReadonlyMap<string, HttpProgram>;
  readonly #sockets: OutboundSockets;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  #sink: MessageSink | undefined;
  #waiting: Received[] = [];
  #underWay = 0;
  #heldBytes = 0;
  #client: RedisClient | undefined;

  constructor(spec: SubscriptionSpec, programs: ReadonlyMap<string, HttpProgram>, network: GuestNetwork) {
    this.#spec = spec;
    this.#programs = programs;
    this.#sockets = new OutboundSockets(network);
  }

  start(sink: MessageSink): void {
    this.#sink = sink;
    void this.#keepListening(sink);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#sockets.close();
    this.#stopped.resolve();
    if (this.#sink !== undefined) this.#pass(this.#sink);
  }

  async #keepListening(sink: MessageSink): Promise<void> {
    let failures = 0;
    while (!this.#isStopped) {
      const reason = await this.#listen(sink, () => (failures = 0));
      if (this.#isStopped) break;
      const waitMs = Math.min(retryMs.first * 2 ** failures, retryMs.longest);
      failures += 1;
      sink.report(`error: ${this.#spec.outbound}: ${reason}; it is tried again in ${waitMs} ms`);
      await this.#wait(waitMs);
    }
  }

  /** Resolves with the reason when there is no connection any more. */
  async #listen(sink: MessageSink, onListening: () => void): Promise<string> {
    const { address: text, channels, outbound } = this.#spec;
    const address = parseRedisAddress(text);
    if (address === undefined) return "its address is none of Redis";
    try {
      const client = await RedisClient.connect(address, this.#sockets, (channel, payload) => {
        this.#receive(sink, Buffer.from(channel).toString(), payload);
      });
      client.keepAlive(silentMsMax);
      this.#client = client;
      for (const [channel] of channels) {
        const answer = await client.ask(["SUBSCRIBE", channel]);
        if (answer.kind === "error") return closed(client, answer.text);
      }
      onListening();
      sink.report(`Listening to ${channels.map(([channel]) => `"${channel}"`).join(", ")} of ${outbound}`);
      await client.closed;
      return "the connection was closed";
    } catch (error) {
      // Whatever it is, the application goes on.
      return error instanceof Error ? error.message : String(error);
    }
  }

  #receive(sink: MessageSink, channel: string, payload: Uint8Array): void {
    const components = this.#spec.channels.find(([name]) => name === channel)?.[1] ?? [];
    for (const component of components) {
      const program = this.#programs.get(component);
      if (program !== undefined) this.#waiting.push({ program, channel, payload });
    }
    this.#pass(sink);
  }

  /** What a piece of the connection held beyond the limits waits here; the next piece is not taken before it is gone. */
  #pass(sink: MessageSink): void {
    while (this.#hasRoom() || this.#isStopped) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      void this.#deliver(sink, next);
    }
    if (this.#hasRoom()) this.#client?.resume();
    else this.#client?.pause();
  }

  #hasRoom(): boolean {
    return this.#underWay < messagesMax && this.#heldBytes < payloadBytesMax;
  }

  async #deliver(sink: MessageSink, message: Received): Promise<void> {
    this.#underWay += 1;
    this.#heldBytes += message.payload.length;
    await sink.deliver(message);
    this.#underWay -= 1;
    this.#heldBytes -= message.payload.length;
    this.#pass(sink);
  }

  async #wait(milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, milliseconds);
    await Promise.race([over.promise, this.#stopped.promise]);
    clearTimeout(timer);
  }
}

function closed(client: RedisClient, reason: string): string {
  client.close();
  return reason;
}
