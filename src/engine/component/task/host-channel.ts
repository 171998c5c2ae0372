import type { ChannelType, ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";
import { mismatch } from "../abi/value-plan.ts";
import { trapOf } from "../abi/trap.ts";
import { Channel, copyResults, type CopyBuffer, type CopyResult } from "./channel.ts";
import { isSource, SourcedChannel } from "./host-source.ts";
import type { Store } from "./store.ts";

/** Elements that the host takes from a guest's stream at once. */
const READ_ELEMENTS_MAX = 65_536;

/** What a host gives as a stream: chunks of elements, bytes as `Uint8Array`. */
type Chunks = AsyncIterable<ComponentValue>;

/** Makes a channel that a guest reads from what the host gave for it. */
export function channelOfHost(type: ChannelType, value: ComponentValue, store: Store): Channel {
  if (type.kind === "stream" && isSource(value)) return new SourcedChannel(type, value, store);
  const channel = new Channel(type.kind, type.element);
  if (type.kind === "stream" && isChunks(value)) {
    void pump(channel, value).catch((error: unknown) => store.fail(trapOf(error)));
  } else if (type.kind === "future" && isFuture(value)) {
    void settle(channel, value.future).catch((error: unknown) => store.fail(trapOf(error)));
  } else {
    throw mismatch(type.kind, value);
  }
  return channel;
}

function isChunks(value: ComponentValue): value is Chunks {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isFuture(value: ComponentValue): value is { future: Promise<ComponentValue> } {
  return typeof value === "object" && value !== null && Reflect.get(value, "future") instanceof Promise;
}

/** Writes chunk after chunk, the next one when the last was taken; ends early where nobody reads any more. */
async function pump(channel: Channel, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    const result = await write(channel, new SourceBuffer(chunk, channel.element));
    if (result === copyResults.dropped) return;
  }
  channel.drop();
}

async function settle(channel: Channel, future: Promise<ComponentValue>): Promise<void> {
  await write(channel, new SourceBuffer([await future], undefined));
}

function write(channel: Channel, buffer: SourceBuffer): Promise<CopyResult> {
  if (buffer.isEmpty) return Promise.resolve(copyResults.completed);
  const { promise, resolve } = Promise.withResolvers<CopyResult>();
  channel.write({
    owner: undefined,
    buffer,
    onCopy(reclaim) {
      if (buffer.remaining > 0) return;
      reclaim();
      resolve(copyResults.completed);
    },
    onDone: (result) => {
      // One that was met halfway waits for the reader's next turn.
      if (result !== copyResults.completed || buffer.remaining === 0) resolve(result);
      else void write(channel, buffer).then(resolve);
    },
  });
  return promise;
}

/** Elements of the host. */
class SourceBuffer implements CopyBuffer {
  readonly #values: Uint8Array | readonly ComponentValue[];
  #at = 0;

  constructor(chunk: ComponentValue, element: ValueType | undefined) {
    if (!(chunk instanceof Uint8Array) && !Array.isArray(chunk)) throw mismatch("chunk of a stream", chunk);
    const isByte = element?.kind === "primitive" && element.type === "u8";
    this.#values = isByte && Array.isArray(chunk) ? Uint8Array.from(chunk, Number) : chunk;
  }

  get remaining(): number {
    return this.#values.length - this.#at;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  take(count: number): ComponentValue {
    this.#at += count;
    const values = this.#values;
    if (values instanceof Uint8Array) return values.subarray(this.#at - count, this.#at);
    return values.slice(this.#at - count, this.#at);
  }

  put(): void {
    throw new TypeError("what is written is not written to");
  }
}

/** Room of the host for one copy. */
class SinkBuffer implements CopyBuffer {
  readonly isEmpty = false;
  taken: ComponentValue;
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get remaining(): number {
    return this.#room;
  }

  take(): ComponentValue {
    throw new TypeError("what is read into is not read from");
  }

  /** One copy is all that it is for. */
  put(values: ComponentValue): void {
    this.#room = 0;
    this.taken = values;
  }
}

/**
 * What a guest's stream says, piece by piece: bytes as `Uint8Array`, other elements as arrays. Whoever stops early lets
 * the guest know that nobody reads any more.
 */
export async function* chunksOf(stream: object): AsyncGenerator<ComponentValue, void> {
  const channel = channelOf(stream, "stream");
  try {
    for (;;) {
      const chunk = await readOnce(channel, READ_ELEMENTS_MAX);
      if (chunk === undefined) return;
      yield chunk;
    }
  } finally {
    channel.drop();
  }
}

/** What a guest's future comes to; never settles where the guest ends before. */
export async function valueOfFuture(future: object): Promise<ComponentValue> {
  const channel = channelOf(future, "future");
  const values = await readOnce(channel, 1);
  channel.drop();
  return Array.isArray(values) ? (values[0] as ComponentValue) : firstByteOf(values);
}

function firstByteOf(values: ComponentValue): ComponentValue {
  return values instanceof Uint8Array ? values[0] : undefined;
}

function channelOf(value: object, kind: "stream" | "future"): Channel {
  if (value instanceof Channel && value.kind === kind) return value;
  throw mismatch(kind, value);
}

/** The next elements; undefined at the end. */
function readOnce(channel: Channel, elementsMax: number): Promise<ComponentValue> {
  const { promise, resolve } = Promise.withResolvers<ComponentValue>();
  const buffer = new SinkBuffer(elementsMax);
  channel.read({
    owner: undefined,
    buffer,
    onCopy(reclaim) {
      reclaim();
      resolve(buffer.taken);
    },
    onDone: (result) => resolve(result === copyResults.completed ? buffer.taken : undefined),
  });
  return promise;
}
