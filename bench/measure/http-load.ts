import { connect, type Socket } from "node:net";

const request = Buffer.from("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** What answers end with unless it is said. */
const bodyEnd = "Hello from WebAssembly\n";

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  /** How every body ends. */
  readonly body?: string;
}

/** Sends so many requests over so many connections, one after the other on each, and answers how long each took, ms. */
export async function loadHttp({ port, connections, requests, body = bodyEnd }: Load): Promise<number[]> {
  const tookMs: number[] = [];
  // Framed by its length, or in chunks.
  const ends = [Buffer.from(body), Buffer.from(`${body}\r\n0\r\n\r\n`)];
  let left = requests;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      try {
        for (; left > 0; left--) tookMs.push(await ask(socket, ends));
      } finally {
        socket.destroy();
      }
    }),
  );
  return tookMs;
}

/** Asks once, on a connection of its own, checks that the answer ends so, and answers how long it took with connecting, ms. */
export function askOnce(port: number, body: string): Promise<number> {
  const startedMs = performance.now();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const done = Promise.withResolvers<number>();
  let seen = "";
  socket.on("error", done.reject).on("close", () => done.reject(new Error(`port ${port} answered ${seen}`)));
  socket.on("data", (chunk) => {
    seen += chunk.toString("latin1");
    if (!seen.includes(body)) return;
    done.resolve(performance.now() - startedMs);
    socket.destroy();
  });
  socket.write(request);
  return done.promise;
}

function ask(socket: Socket, ends: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    let seen: Buffer = Buffer.alloc(0);
    function onData(chunk: Buffer): void {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      if (!isWhole(seen, ends)) return;
      socket.off("data", onData).off("error", reject).off("close", onClose);
      resolve(performance.now() - startedMs);
    }
    function onClose(): void {
      reject(new Error(`the connection was closed after ${seen.toString()}`));
    }
    socket.on("data", onData).on("error", reject).on("close", onClose);
    socket.write(request);
  });
}

function isWhole(answer: Buffer, ends: readonly Buffer[]): boolean {
  const end = ends[/^transfer-encoding: chunked/im.test(answer.toString("latin1")) ? 1 : 0];
  return end !== undefined && answer.subarray(-end.length).equals(end);
}
