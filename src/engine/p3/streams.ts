import { type ComponentValue, drainStream, type StreamSink, type StreamSource } from "../component/index.ts";
import { discardedOutput, type InputStream, type OutputStream } from "../host/index.ts";
import type { P2Context } from "../p2/context.ts";
import { type NameFailure, type Outcome, StreamOutcome } from "./outcome.ts";
import { StreamTurn } from "./stream-turn.ts";

/** What a guest reads, and how that ended. */
export type ReadAnswer<Failure> = readonly [StreamSource, { readonly future: Promise<Outcome<Failure>> }];

/** An input as a stream, of which the guest takes what it asks for and no more. `release` is called once. */
export function readVia<Failure>(
  context: P2Context,
  input: InputStream,
  name: NameFailure<Failure>,
  release: () => void = () => undefined,
): ReadAnswer<Failure> {
  const outcome = new StreamOutcome(name);
  const turn = new StreamTurn(context);
  const source: StreamSource = {
    read(bytesMax) {
      if (!turn.isThere) return undefined;
      turn.use();
      if (bytesMax === 0) return input.readable.isReady() ? new Uint8Array() : undefined;
      try {
        return input.read(bytesMax);
      } catch (thrown) {
        outcome.fail(thrown, "read from a stream");
        return "ended";
      }
    },
    onReadable: (callback) => turn.onReady(input.readable, callback),
    close() {
      release();
      outcome.succeed();
    },
  };
  return [source, outcome.future];
}

/** What a guest reads where there is nothing to read: the end, and why. */
export function failedRead<Failure>(thrown: unknown, name: NameFailure<Failure>): ReadAnswer<Failure> {
  const outcome = new StreamOutcome(name);
  outcome.fail(thrown, "read from a stream");
  return [{ read: () => "ended", onReadable: () => () => undefined, close: () => undefined }, outcome.future];
}

/** An output that nothing can be written to, and why. */
export function failedOutput(thrown: unknown): OutputStream {
  return {
    ...discardedOutput,
    capacity() {
      throw thrown;
    },
  };
}

/** Moves a guest's stream into an output; the future tells how that ended, once all of it is out and `release` called. */
export function writeVia<Failure>(
  context: P2Context,
  data: object,
  output: OutputStream,
  name: NameFailure<Failure>,
  release: () => void = () => undefined,
): { readonly future: Promise<Outcome<Failure>> } {
  const outcome = new StreamOutcome(name);
  void pipe(context, data, { output, release }, outcome);
  return outcome.future;
}

async function pipe<Failure>(
  context: P2Context,
  data: object,
  { output, release }: { readonly output: OutputStream; readonly release: () => void },
  outcome: StreamOutcome<Failure>,
): Promise<void> {
  try {
    await drainStream(data, sinkOf(context, output));
    await flush(context, output);
    release();
    outcome.succeed();
  } catch (thrown) {
    release();
    outcome.fail(thrown, "write to a stream");
  }
}

/** An output as the end of a guest's stream. */
export function sinkOf(context: P2Context, output: OutputStream): StreamSink {
  const turn = new StreamTurn(context);
  return {
    capacity: () => (turn.isThere ? output.capacity() : 0),
    write(bytes: ComponentValue) {
      turn.use();
      if (!(bytes instanceof Uint8Array)) throw new TypeError("a stream of bytes has other elements");
      output.write(bytes);
    },
    onWritable: (callback) => void turn.onReady(output.writable, callback),
  };
}

/** A reader that was lost on the way shows in the room that there is afterwards. */
async function flush({ interrupt }: P2Context, output: OutputStream): Promise<void> {
  const flushed = output.flush();
  if (flushed !== undefined) {
    await interrupt.wait((finish) => {
      void flushed.then(finish);
      return () => undefined;
    });
  }
  output.capacity();
}
