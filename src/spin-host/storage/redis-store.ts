import type { GuestNetwork } from "#engine";
import { OutboundError, OutboundSockets } from "../outbound/outbound-sockets.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import type { RespValue } from "../redis/resp-reader.ts";
import { storageLimits } from "./limits.ts";
import type { KeyValueStore } from "./storage.ts";
import { StorageError } from "./storage-thread.ts";

type Words = readonly (string | Uint8Array)[];

/** Sets a key where its value still is what it was; answers with what it is, or with a status where it was set. */
const swapScript = `local now = redis.call('GET', KEYS[1])
if now == (ARGV[1] == '1' and ARGV[2]) then return redis.call('SET', KEYS[1], ARGV[3]) end
return {now}`;

/**
 * A key-value store in Redis, as Spin keeps one: keys are Redis' own (crates/key-value-redis of Spin). All instances of
 * an application share a connection, and one that was lost is made anew by the next call.
 */
export class RedisStore implements KeyValueStore {
  readonly #url: string;
  readonly #sockets: OutboundSockets;
  #client: Promise<RedisClient> | undefined;

  constructor(url: string, network: GuestNetwork) {
    this.#url = url;
    this.#sockets = new OutboundSockets(network);
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    return itemsOf(await this.#ask(["MGET", ...keys])).map((item) => (item.kind === "bytes" ? item.bytes : undefined));
  }

  async set(pairs: readonly (readonly [key: string, value: Uint8Array])[]): Promise<void> {
    if (pairs.length > 0) await this.#ask(["MSET", ...pairs.flat()]);
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#ask(["DEL", ...keys]);
  }

  async exists(key: string): Promise<boolean> {
    return integerOf(await this.#ask(["EXISTS", key])) > 0n;
  }

  async keys(): Promise<readonly string[]> {
    const keys = itemsOf(await this.#ask(["KEYS", "*"]));
    if (keys.length > storageLimits.keysMax) throw failure("the store has more keys than are listed");
    return keys.map((key) => (key.kind === "bytes" ? Buffer.from(key.bytes).toString() : ""));
  }

  async increment(key: string, delta: bigint): Promise<bigint> {
    return integerOf(await this.#ask(["INCRBY", key, String(delta)]));
  }

  async swap(
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ): Promise<{ readonly current?: Uint8Array } | undefined> {
    const was = expected === undefined ? ["0", ""] : ["1", expected];
    const answer = await this.#ask(["EVAL", swapScript, "1", key, ...was, value]);
    if (answer.kind === "status") return undefined;
    const [current] = itemsOf(answer);
    return current?.kind === "bytes" ? { current: current.bytes } : {};
  }

  close(): void {
    this.#sockets.close();
  }

  async #ask(words: Words): Promise<RespValue> {
    const connecting = (this.#client ??= this.#begin());
    let timer: NodeJS.Timeout | undefined;
    try {
      const client = await connecting;
      timer = setTimeout(() => client.close(), storageLimits.callMsMax);
      const answer = await client.ask(words);
      if (answer.kind === "error") throw failure(answer.text);
      return answer;
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      throw failure(error.message);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A connection that is forgotten when it is of no more use. */
  #begin(): Promise<RedisClient> {
    const connecting = this.#connect();
    const forget = (): void => {
      if (this.#client === connecting) this.#client = undefined;
    };
    void connecting.then(({ closed }) => closed).then(forget, forget);
    return connecting;
  }

  async #connect(): Promise<RedisClient> {
    const { parseRedisAddress, RedisClient: Client } = await import("../redis/index.ts");
    const address = parseRedisAddress(this.#url);
    if (address === undefined) throw failure("its address is none of Redis");
    return Client.connect(address, this.#sockets);
  }
}

function itemsOf(answer: RespValue): readonly RespValue[] {
  if (answer.kind === "array") return answer.items;
  throw failure("the server does not answer as Redis does");
}

function integerOf(answer: RespValue): bigint {
  if (answer.kind === "integer") return answer.value;
  throw failure("the server does not answer as Redis does");
}

function failure(message: string): StorageError {
  return new StorageError({ kind: "other", message });
}
