import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import { OutboundError, type OutboundSockets } from "../outbound/outbound-sockets.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import type { RespValue } from "../redis/resp-reader.ts";
import { type Answer, err, ok } from "./answer.ts";

type Word = string | Uint8Array;

interface Parameter {
  readonly tag: "int64" | "binary";
  readonly value: bigint | Uint8Array;
}

interface Result {
  readonly tag: "nil" | "status" | "int64" | "binary";
  readonly value?: string | bigint | Uint8Array;
}

type Call = (...parameters: never[]) => Promise<Answer>;

/** `fermyon:spin/redis@2.0.0`. */
export function redisInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  return {
    functions: {
      "[static]connection.open": waiting((address: string) => open(address, sockets)),
      ...methods((call) => waiting(call)),
    },
    resources: { connection: { drop: (client: RedisClient) => client.close() } },
  };
}

/** `spin:redis/redis@3.0.0`: the same for those who may wait. */
export function asyncRedisInterface(sockets: OutboundSockets): HostInterface {
  return {
    functions: {
      "[static]connection.open": (address: string) => cancellable(open(address, sockets)),
      ...methods(
        (call) =>
          (...parameters: never[]) =>
            cancellable(call(...parameters)),
      ),
    },
    resources: { connection: { drop: (client: RedisClient) => client.close() } },
  };
}

/** `fermyon:spin/redis` of Spin 1: a connection a call, and no word about what went wrong. */
export function unversionedRedisInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  const once =
    (call: (client: RedisClient, ...parameters: never[]) => Promise<Answer>) =>
    async (address: string, ...parameters: never[]): Promise<object> => {
      const opened = await open(address, sockets);
      if (opened.tag === "err") return { tag: "err", value: "error" };
      // What `open` answers with where it went well.
      const client = opened.value as RedisClient;
      const answer = await call(client, ...parameters);
      client.close();
      return answer.tag === "err" ? { tag: "err", value: "error" } : answer;
    };
  const functions = Object.entries({ ...operations, ...unversionedOperations });
  return {
    functions: Object.fromEntries(functions.map(([name, call]) => [name, waiting(once(call))])),
    resources: {},
  };
}

function methods<Made>(make: (call: Call) => Made): Readonly<Record<string, Made>> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, call]) => [`[method]connection.${name}`, make(call)]),
  );
}

async function open(address: string, sockets: OutboundSockets): Promise<Answer> {
  // Only an application that uses Redis needs its client.
  const { parseRedisAddress, RedisClient } = await import("../redis/index.ts");
  const parsed = parseRedisAddress(address);
  if (parsed === undefined) return err("invalid-address");
  try {
    return ok(await RedisClient.connect(parsed, sockets));
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Answer {
  if (!(error instanceof OutboundError)) throw error;
  if (error.kind === "denied") return err("invalid-address");
  return error.kind === "too-many" ? err("too-many-connections") : err("other", error.message);
}

const operations = {
  publish: (client: RedisClient, channel: string, payload: Uint8Array) =>
    asking(client, ["PUBLISH", channel, payload], () => ok()),
  get: (client: RedisClient, key: string) =>
    asking(client, ["GET", key], (answer) => ({
      tag: "ok",
      value: answer.kind === "nil" ? undefined : bytesOf(answer),
    })),
  set: (client: RedisClient, key: string, value: Uint8Array) => asking(client, ["SET", key, value], () => ok()),
  incr: (client: RedisClient, key: string) => asking(client, ["INCRBY", key, "1"], (answer) => ok(integerOf(answer))),
  del: (client: RedisClient, keys: readonly string[]) =>
    asking(client, ["DEL", ...keys], (answer) => ok(Number(integerOf(answer)))),
  sadd: (client: RedisClient, key: string, values: readonly string[]) =>
    asking(client, ["SADD", key, ...values], (answer) => ok(Number(integerOf(answer)))),
  smembers: (client: RedisClient, key: string) => asking(client, ["SMEMBERS", key], (answer) => ok(textsOf(answer))),
  srem: (client: RedisClient, key: string, values: readonly string[]) =>
    asking(client, ["SREM", key, ...values], (answer) => ok(Number(integerOf(answer)))),
  execute: (client: RedisClient, command: string, parameters: readonly Parameter[]) =>
    asking(client, [command, ...parameters.map(wordOf)], (answer) => ok(resultsOf(answer))),
};

/** What these answer differently: a value that is not there is empty, and counts are of 64 bits. */
const unversionedOperations = {
  get: async (client: RedisClient, key: string): Promise<Answer> => {
    const answer = await operations.get(client, key);
    return answer.tag === "ok" ? ok(answer.value ?? new Uint8Array()) : answer;
  },
  del: async (client: RedisClient, keys: readonly string[]) => wide(await operations.del(client, keys)),
  sadd: async (client: RedisClient, key: string, values: readonly string[]) =>
    wide(await operations.sadd(client, key, values)),
  srem: async (client: RedisClient, key: string, values: readonly string[]) =>
    wide(await operations.srem(client, key, values)),
};

function wide(answer: Answer): Answer {
  return answer.tag === "ok" ? ok(BigInt(Number(answer.value))) : answer;
}

/** An answer of another kind than the command has. */
class UnexpectedAnswer extends Error {
  constructor(what: string) {
    super(`Response was of incompatible type - TypeError: ${what}`);
  }
}

async function asking(
  client: RedisClient,
  words: readonly Word[],
  convert: (answer: RespValue) => Answer,
): Promise<Answer> {
  try {
    const answer = await client.ask(words);
    return answer.kind === "error" ? err("other", messageOf(answer.text)) : convert(answer);
  } catch (error) {
    return error instanceof UnexpectedAnswer ? err("other", error.message) : failed(error);
  }
}

/** An error of the server in the words of Spin's client: it names the code, and what `ERR` is. */
function messageOf(text: string): string {
  const [code = "", ...detail] = text.split(" ");
  const rest = detail.join(" ");
  return code === "ERR" ? `An error was signalled by the server - ResponseError: ${rest}` : `${code}: ${rest}`;
}

function wordOf({ value }: Parameter): Word {
  return typeof value === "bigint" ? String(value) : value;
}

function bytesOf(answer: RespValue): Uint8Array {
  if (answer.kind === "bytes") return answer.bytes;
  if (answer.kind === "status") return Buffer.from(answer.text);
  throw new UnexpectedAnswer(`no bytes but "${answer.kind}"`);
}

function integerOf(answer: RespValue): bigint {
  if (answer.kind === "integer") return answer.value;
  throw new UnexpectedAnswer(`no integer but "${answer.kind}"`);
}

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textsOf(answer: RespValue): readonly string[] {
  if (answer.kind !== "array") throw new UnexpectedAnswer(`no array but "${answer.kind}"`);
  return answer.items.map((item) => {
    try {
      return strictText.decode(bytesOf(item));
    } catch {
      throw new UnexpectedAnswer("Invalid UTF-8");
    }
  });
}

/** Arrays are told flat. */
function resultsOf(answer: RespValue): readonly Result[] {
  switch (answer.kind) {
    case "nil":
      return [{ tag: "nil" }];
    case "status":
      return [{ tag: "status", value: answer.text }];
    case "integer":
      return [{ tag: "int64", value: answer.value }];
    case "bytes":
      return [{ tag: "binary", value: answer.bytes }];
    case "array":
      return answer.items.flatMap(resultsOf);
    case "error":
      throw new UnexpectedAnswer(answer.text);
  }
}

/** What is under way when its guest loses interest comes to its end. */
function cancellable(answer: Promise<Answer>): CancellableAnswer {
  return new CancellableAnswer(answer, () => undefined);
}
