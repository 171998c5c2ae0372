import { mismatch } from "../abi/value-plan.ts";
import type { ComponentValue, StreamSink } from "../values.ts";
import { Channel, type CopyBuffer, copyResults, type CopyResult } from "./channel.ts";

/** Elements that are taken from a guest at once. */
const SINK_ELEMENTS_MAX = 65_536;

/**
 * Moves what a guest's stream says into `sink`, as room comes up there: a guest whose write was answered knows that the
 * sink has it. Resolves at the end of the stream; rejects with what the sink threw, and the guest learns that nobody
 * reads any more.
 */
export function drainStream(stream: object, sink: StreamSink): Promise<void> {
  if (!(stream instanceof Channel) || stream.kind !== "stream") throw mismatch("stream", stream);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  new Drain(stream, sink, { resolve, reject }).start();
  return promise;
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class Drain implements CopyBuffer {
  readonly isEmpty = false;
  readonly #channel: Channel;
  readonly #sink: StreamSink;
  readonly #settle: Settle;
  #failure: { readonly error: unknown } | undefined;
  #isGoing = false;
  #isAgain = false;

  constructor(channel: Channel, sink: StreamSink, settle: Settle) {
    this.#channel = channel;
    this.#sink = sink;
    this.#settle = settle;
  }

  start(): void {
    this.#go();
  }

  /** Room as it is when the guest writes: others may write to the same place. */
  get remaining(): number {
    return this.#attempt(() => this.#sink.capacity());
  }

  take(): ComponentValue {
    throw new TypeError("what is read into is not read from");
  }

  /** A failure is told with the next read: the guest that writes has no part in it. */
  put(values: ComponentValue, count: number): void {
    this.#attempt(() => {
      this.#sink.write(values);
      return count;
    });
  }

  #attempt(act: () => number): number {
    if (this.#failure !== undefined) return 0;
    try {
      return Math.min(act(), SINK_ELEMENTS_MAX);
    } catch (error) {
      this.#failure = { error };
      return 0;
    }
  }

  /** In a loop of its own: a guest's write of many elements is answered in pieces, each of which asks for the next. */
  #go(): void {
    this.#isAgain = true;
    if (this.#isGoing) return;
    this.#isGoing = true;
    while (this.#isAgain) {
      this.#isAgain = false;
      this.#readOnce();
    }
    this.#isGoing = false;
  }

  #readOnce(): void {
    const room = this.remaining;
    if (this.#failure !== undefined) {
      this.#channel.drop();
      this.#settle.reject(this.#failure.error);
      return;
    }
    if (room === 0) {
      this.#sink.onWritable(() => this.#go());
      return;
    }
    try {
      this.#channel.read({
        owner: undefined,
        buffer: this,
        onCopy: (reclaim) => {
          reclaim();
          this.#go();
        },
        onDone: (result) => this.#done(result),
      });
    } catch (error) {
      // The guest ended meanwhile; who waited for room finds that out here.
      this.#settle.reject(error);
    }
  }

  #done(result: CopyResult): void {
    if (result === copyResults.completed) {
      this.#go();
      return;
    }
    this.#channel.drop();
    this.#settle.resolve();
  }
}
