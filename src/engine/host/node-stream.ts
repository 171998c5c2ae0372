import type { Readable, Writable } from "node:stream";
import { HostError } from "./host-error.ts";
import { Signal, type Pollable } from "./pollable.ts";
import { type InputStream, type OutputStream, streamBytesMax } from "./stream.ts";

/** How a stream of Node is opened and let go. */
interface NodeStreamSource<Stream> {
  readonly isTerminal: boolean;
  /** Called at the first use: a guest that never reads its stdin must not take bytes that are meant for the next one. */
  readonly open: () => Stream;
  /** Called once after `close`; `undefined` where nothing was ever opened. */
  readonly release: (stream: Stream | undefined) => void;
}

/** Reads a pipe, socket or terminal through Node's stream, whose own high-water mark bounds what is kept in memory. */
export class NodeInput implements InputStream {
  readonly isTerminal: boolean;
  readonly #source: NodeStreamSource<Readable>;
  readonly #changed = new Signal();
  #stream: Readable | undefined;
  #failure: HostError | undefined;
  #isEnded = false;
  #isClosed = false;
  readonly readable: Pollable = {
    isReady: () => this.#isClosed || this.available() > 0 || this.#isEnded || this.#failure !== undefined,
    onReady: (callback) => {
      this.#opened();
      return this.#changed.onReady(callback);
    },
  };

  constructor(source: NodeStreamSource<Readable>) {
    this.#source = source;
    this.isTerminal = source.isTerminal;
  }

  available(): number {
    return this.#isClosed ? 0 : this.#opened().readableLength;
  }

  read(bytesMax: number): Uint8Array | "ended" | undefined {
    if (this.#isClosed) throw new HostError("bad-descriptor", "read from a closed stream");
    const stream = this.#opened();
    const length = Math.min(bytesMax, stream.readableLength);
    if (length > 0) return takeBytes(stream, length);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#isEnded ? "ended" : undefined;
  }

  /** Lets later reads see the end, as `shutdown` of a socket's reading side does. */
  end(): void {
    this.#isEnded = true;
    this.#changed.fire();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#source.release(this.#stream);
    this.#changed.fire();
  }

  #opened(): Readable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#source.open();
    this.#stream = stream;
    stream.on("readable", () => {
      // At the end of the data Node says "readable" with nothing to read, and "end" only after one more read.
      if (stream.readableLength === 0) stream.read();
      this.#changed.fire();
    });
    stream.on("end", () => this.end());
    stream.on("error", (error) => {
      this.#failure = HostError.from(error, "read from a stream");
      this.#changed.fire();
    });
    stream.on("close", () => this.end());
    // What happened to a connection while it waited to be accepted is told by no event any more.
    if (stream.errored) this.#failure = HostError.from(stream.errored, "read from a stream");
    if (stream.destroyed) this.#isEnded = true;
    return stream;
  }
}

function takeBytes(stream: Readable, length: number): Uint8Array {
  const chunk: unknown = stream.read(length);
  // Where the end has come already, Node says "end" only after a read that finds nothing.
  if (stream.readableLength === 0) stream.read(0);
  if (chunk instanceof Uint8Array) return chunk;
  throw new HostError("io", "read from a stream: it holds no bytes");
}

/** Writes a pipe, socket or terminal through Node's stream, holding at most `streamBytesMax` bytes back. */
export class NodeOutput implements OutputStream {
  readonly isTerminal: boolean;
  readonly #source: NodeStreamSource<Writable>;
  readonly #changed = new Signal();
  #stream: Writable | undefined;
  #failure: HostError | undefined;
  #isClosed = false;
  #isReleased = false;
  readonly writable: Pollable = {
    isReady: () => this.#isClosed || this.#failure !== undefined || this.#held() < streamBytesMax,
    onReady: (callback) => this.#changed.onReady(callback),
  };

  constructor(source: NodeStreamSource<Writable>) {
    this.#source = source;
    this.isTerminal = source.isTerminal;
  }

  capacity(): number {
    if (this.#isClosed) throw new HostError("pipe", "write to a closed stream");
    if (this.#failure !== undefined) throw this.#failure;
    return Math.max(0, streamBytesMax - this.#held());
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity()) throw new HostError("invalid", "write more than the stream has room for");
    this.#opened().write(bytes, () => this.#onWritten());
  }

  async flush(): Promise<void> {
    while (this.#held() > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => void this.#changed.onReady(resolve));
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#releaseWhenEmpty();
    this.#changed.fire();
  }

  #held(): number {
    return this.#stream?.writableLength ?? 0;
  }

  #onWritten(): void {
    this.#changed.fire();
    this.#releaseWhenEmpty();
  }

  #releaseWhenEmpty(): void {
    if (!this.#isClosed || this.#isReleased) return;
    if (this.#held() > 0 && this.#failure === undefined) return;
    this.#isReleased = true;
    this.#source.release(this.#stream);
  }

  #opened(): Writable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#source.open();
    this.#stream = stream;
    stream.on("error", (error) => this.#fail(HostError.from(error, "write to a stream")));
    stream.on("close", () => this.#fail(brokenPipe()));
    if (stream.destroyed) this.#fail(HostError.from(stream.errored ?? brokenPipe(), "write to a stream"));
    return stream;
  }

  #fail(failure: HostError): void {
    this.#failure ??= failure;
    this.#changed.fire();
    this.#releaseWhenEmpty();
  }
}

function brokenPipe(): HostError {
  return new HostError("pipe", "write to a stream that was closed");
}
