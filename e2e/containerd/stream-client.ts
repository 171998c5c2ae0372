import { KwasmError } from "#base";

/**
 * Talks to the streaming server of a container runtime as kubectl does through kubelet: one WebSocket, whose messages
 * begin with the number of their stream (v4.channel.k8s.io). Runs where the server's address is; see `converse`.
 */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/**
 * In this order: text is awaited on the standard output, then something is sent. The connection is closed after the last
 * turn; without any, the server ends it.
 */
export interface Turn {
  readonly expect?: string;
  readonly send?: string;
  readonly resize?: { readonly Width: number; readonly Height: number };
}

export interface Conversation {
  readonly stdout: string;
  readonly stderr: string;
  /** What the server says at the end, as JSON; "" where we closed first. */
  readonly status: string;
}

/** One WebSocket, and all that was heard on each of its streams. */
class Streams {
  readonly #socket: WebSocket;
  readonly #heard = new Map<number, string>();
  #changed = Promise.withResolvers<void>();
  #isOpen = true;

  constructor(address: string) {
    this.#socket = new WebSocket(address, "v4.channel.k8s.io");
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#hear(data));
    this.#socket.addEventListener("close", () => {
      this.#isOpen = false;
      this.#changed.resolve();
    });
  }

  async open(): Promise<void> {
    const opened = Promise.withResolvers<void>();
    this.#socket.addEventListener("open", () => opened.resolve());
    this.#socket.addEventListener("error", () => {
      opened.reject(new KwasmError("unavailable", `connect to "${this.#socket.url}": it failed`));
    });
    await opened.promise;
  }

  heard(stream: number): string {
    return this.#heard.get(stream) ?? "";
  }

  send(stream: number, text: string): void {
    this.#socket.send(Buffer.concat([Uint8Array.of(stream), Buffer.from(text)]));
  }

  /** Resolves also when the server has closed. */
  async listen(isEnough: () => boolean): Promise<void> {
    while (!isEnough() && this.#isOpen) {
      this.#changed = Promise.withResolvers();
      await this.#changed.promise;
    }
  }

  close(): void {
    this.#socket.close();
  }

  #hear(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return;
    const bytes = Buffer.from(data);
    const stream = bytes[0] ?? -1;
    this.#heard.set(stream, this.heard(stream) + bytes.subarray(1).toString());
    this.#changed.resolve();
  }
}

async function talk(address: string, turns: readonly Turn[]): Promise<Conversation> {
  const streams = new Streams(address);
  await streams.open();
  for (const { expect = "", resize, send } of turns) {
    await streams.listen(() => streams.heard(channel.stdout).includes(expect));
    if (resize !== undefined) streams.send(channel.resize, JSON.stringify(resize));
    if (send !== undefined) streams.send(channel.stdin, send);
  }
  if (turns.length === 0) await streams.listen(() => false);
  streams.close();
  const [stdout, stderr, status] = [channel.stdout, channel.stderr, channel.error].map((stream) => {
    return streams.heard(stream);
  });
  return { stdout: stdout ?? "", stderr: stderr ?? "", status: status ?? "" };
}

const [url = "", turns = "[]"] = process.argv.slice(2);
const conversation = await talk(url.replace(/^http/u, "ws"), JSON.parse(turns) as Turn[]);
process.stdout.write(JSON.stringify(conversation));
