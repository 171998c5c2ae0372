import { HostError } from "./host-error.ts";
import { alwaysReady, Signal, type Pollable } from "./pollable.ts";
import { type InputStream, type OutputStream, streamBytesMax } from "./stream.ts";

/** An input that is at its end from the start: what a guest has that was given no stdin. */
export const endedInput: InputStream = {
  isTerminal: false,
  readable: alwaysReady,
  available: () => 0,
  read: () => "ended",
  close: () => undefined,
};

/** An output that nobody reads: what a guest has that was given no stdout. */
export const discardedOutput: OutputStream = {
  isTerminal: false,
  writable: alwaysReady,
  capacity: () => streamBytesMax,
  write: () => undefined,
  flush: () => Promise.resolve(),
  close: () => undefined,
};

/** The two ends of a pipe that lives in memory. */
export interface MemoryPipe {
  readonly input: InputStream;
  readonly output: OutputStream;
}

/** Makes a pipe that holds `bytesMax` bytes, behaving as one of the kernel does. */
export function createMemoryPipe(bytesMax: number = streamBytesMax): MemoryPipe {
  const buffer = new PipeBuffer(bytesMax);
  return { input: new MemoryInput(buffer), output: new MemoryOutput(buffer) };
}

/** An input that holds `bytes` and then ends. */
export function inputFromBytes(bytes: Uint8Array): InputStream {
  const { input, output } = createMemoryPipe(bytes.length);
  if (bytes.length > 0) output.write(bytes);
  output.close();
  return input;
}

/** What both ends share. */
class PipeBuffer {
  readonly bytesMax: number;
  readonly chunks: Uint8Array[] = [];
  readonly changed = new Signal();
  size = 0;
  isWriterClosed = false;
  isReaderClosed = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }
}

class MemoryInput implements InputStream {
  readonly isTerminal = false;
  readonly #pipe: PipeBuffer;
  readonly readable: Pollable;

  constructor(pipe: PipeBuffer) {
    this.#pipe = pipe;
    this.readable = {
      isReady: () => pipe.size > 0 || pipe.isWriterClosed || pipe.isReaderClosed,
      onReady: (callback) => pipe.changed.onReady(callback),
    };
  }

  available(): number {
    return this.#pipe.size;
  }

  read(bytesMax: number): Uint8Array | "ended" | undefined {
    const pipe = this.#pipe;
    if (pipe.isReaderClosed) throw new HostError("bad-descriptor", "read from a closed stream");
    const first = pipe.chunks[0];
    if (first === undefined) return pipe.isWriterClosed ? "ended" : undefined;
    const taken = first.slice(0, bytesMax);
    if (taken.length === first.length) pipe.chunks.shift();
    else pipe.chunks[0] = first.subarray(taken.length);
    pipe.size -= taken.length;
    pipe.changed.fire();
    return taken;
  }

  close(): void {
    const pipe = this.#pipe;
    pipe.isReaderClosed = true;
    pipe.chunks.length = 0;
    pipe.size = 0;
    pipe.changed.fire();
  }
}

class MemoryOutput implements OutputStream {
  readonly isTerminal = false;
  readonly #pipe: PipeBuffer;
  readonly writable: Pollable;

  constructor(pipe: PipeBuffer) {
    this.#pipe = pipe;
    this.writable = {
      isReady: () => pipe.size < pipe.bytesMax || pipe.isReaderClosed || pipe.isWriterClosed,
      onReady: (callback) => pipe.changed.onReady(callback),
    };
  }

  capacity(): number {
    const pipe = this.#pipe;
    if (pipe.isWriterClosed) throw new HostError("bad-descriptor", "write to a closed stream");
    if (pipe.isReaderClosed) throw new HostError("pipe", "write to a stream that nobody reads any more");
    return pipe.bytesMax - pipe.size;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity()) throw new HostError("invalid", "write more than the stream has room for");
    if (bytes.length === 0) return;
    this.#pipe.chunks.push(bytes);
    this.#pipe.size += bytes.length;
    this.#pipe.changed.fire();
  }

  /** What was written is with the reader already. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#pipe.isWriterClosed = true;
    this.#pipe.changed.fire();
  }
}
