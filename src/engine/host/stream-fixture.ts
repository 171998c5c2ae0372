import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempDisposableSync, openSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputFromFd, outputFromFd } from "./fd-stream.ts";
import { listenerServerOptions, SocketConnection } from "./listener.ts";
import { createMemoryPipe } from "./memory-stream.ts";
import type { InputStream, OutputStream } from "./stream.ts";

/** Two ends of one stream under test. */
export interface StreamPair extends AsyncDisposable {
  readonly input: InputStream;
  readonly output: OutputStream;
}

/** Ways to make a pair, by name: whatever is behind them, they must behave alike. */
export const streamPairs: Readonly<Record<string, () => Promise<StreamPair>>> = {
  memory: async () => disposing(createMemoryPipe(), () => undefined),
  pipe: makePipePair,
  socket: makeSocketPair,
};

/** A pipe of the kernel under a name, so that a test can open it as often as it needs. */
export interface Fifo extends Disposable {
  /** Opens an end for blocking, as a shell hands it over. */
  open(access: number): number;
}

export function makeFifo(): Fifo {
  const scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-pipe-"));
  const path = join(scratch.path, "fifo");
  execFileSync("mkfifo", [path]);
  // Opening one end alone would wait for the other, and closing the last one would lose what is in the pipe.
  const both = openSync(path, constants.O_RDWR);
  return {
    open: (access) => openSync(path, access),
    [Symbol.dispose]() {
      closeSync(both);
      scratch.remove();
    },
  };
}

async function makePipePair(): Promise<StreamPair> {
  const fifo = makeFifo();
  const input = inputFromFd(fifo.open(constants.O_RDONLY));
  const output = outputFromFd(fifo.open(constants.O_WRONLY));
  fifo[Symbol.dispose]();
  return disposing({ input, output }, () => undefined);
}

async function makeSocketPair(): Promise<StreamPair> {
  const [near, far] = await connectSockets();
  const [reading, writing] = [new SocketConnection(far), new SocketConnection(near)];
  const output: OutputStream = writing.output;
  // Closing the writing half of a connection is `shutdown`, not `close`.
  const closing = {
    isTerminal: false,
    writable: output.writable,
    capacity: () => output.capacity(),
    write: (bytes: Uint8Array) => output.write(bytes),
    flush: () => output.flush(),
    close: () => (near.destroyed ? output.close() : writing.shutdown({ read: false, write: true })),
  };
  const input: InputStream = reading.input;
  const resetting = {
    isTerminal: false,
    readable: input.readable,
    available: () => input.available(),
    read: (bytesMax: number) => input.read(bytesMax),
    close: () => reading.close(),
  };
  return disposing({ input: resetting, output: closing }, () => {
    near.destroy();
    far.destroy();
  });
}

/** Two ends of a TCP connection on this machine. */
async function connectSockets(): Promise<[Socket, Socket]> {
  const server = createServer(listenerServerOptions);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const near = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  return [near, far];
}

/** A regular file that holds `text`, for reading. */
export function makeFileInput(text: string): InputStream & Disposable {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-file-"));
  const path = join(scratch.path, "file");
  writeFileSync(path, text);
  const input = inputFromFd(openSync(path, "r"));
  return Object.assign(input, { [Symbol.dispose]: () => input.close() });
}

function disposing(
  ends: { readonly input: InputStream; readonly output: OutputStream },
  dispose: () => void,
): StreamPair {
  return {
    ...ends,
    async [Symbol.asyncDispose]() {
      ends.input.close();
      await ends.output.flush();
      ends.output.close();
      dispose();
    },
  };
}
