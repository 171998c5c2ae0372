import { closeSync } from "node:fs";
import { Socket } from "node:net";

import { KwasmError, type Log } from "#base";

import { LINE_BYTES_MAX, LineSplitter } from "../channel/index.ts";
import type { ProcessOrder } from "../control/spawner.ts";
import { receiveDescriptors, sendDescriptors } from "../syscall/descriptor-passing.ts";
import type { Holdings } from "./holdings.ts";
import type { KeeperLine, KeeperReply, KeeperRequest, KeeperRequestLine } from "./messages.ts";

type SpawnRequest = Extract<KeeperRequest, { call: "spawn" }>;

interface KeeperServerOptions {
  /** The keeper's ends, owned by the server. */
  readonly linesFd: number;
  readonly packetsFd: number;
  readonly holdings: Holdings;
  readonly isFirst: boolean;
  readonly log: Log;
  readonly onReady: () => void;
  /** Control says what no control of ours says. */
  readonly onBroken: () => void;
}

/** The keeper's side of one control process: answers its requests from what is held. */
export class KeeperServer implements Disposable {
  readonly #options: KeeperServerOptions;
  readonly #socket: Socket;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);

  constructor(options: KeeperServerOptions) {
    this.#options = options;
    this.#socket = new Socket({ fd: options.linesFd, readable: true, writable: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => options.log.debug("talk to control failed", { reason: error.message }));
    this.#socket.once("close", () => closeSync(options.packetsFd));
    options.holdings.onEnded = (name, end) => this.#tell({ event: "ended", name, end });
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #tell(line: KeeperLine): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) {
        void this.#answer(readRequest(line));
      }
    } catch (error) {
      this.#options.log.error("control sends what is no request", { reason: String(error) });
      this.#options.onBroken();
    }
  }

  async #answer({ id, request }: KeeperRequestLine): Promise<void> {
    try {
      this.#tell({ reply: id, value: await this.#perform(id, request) });
    } catch (error) {
      const { code, message } = KwasmError.from(error, `answer "${request.call}"`);
      this.#tell({ reply: id, error: { code, message } });
    }
  }

  async #perform(id: number, request: KeeperRequest): Promise<KeeperReply> {
    const { holdings, packetsFd, isFirst, onReady } = this.#options;
    switch (request.call) {
      case "ready":
        onReady();
        return {};
      case "list":
        return { isFirst, ...(await holdings.list()) };
      case "spawn":
        return this.#spawn(request, this.#takeDescriptors(id));
      case "note":
        holdings.note(request.name, request.note);
        return {};
      case "signal":
        holdings.signal(request.name, request.signal);
        return {};
      case "forget":
        holdings.forget(request.name);
        return {};
      case "keep":
        holdings.keep(request.name, this.#takeDescriptors(id));
        return {};
      case "drop":
        holdings.drop(request.name);
        return {};
      case "take":
        sendDescriptors(packetsFd, id, holdings.descriptorsOf(request.kind, request.names));
        return {};
      default:
        return refuseUnknown(request);
    }
  }

  /** The process's own descriptors are closed here once it has them: it alone must hold its ends. */
  async #spawn({ name, note, order: placed }: SpawnRequest, descriptors: readonly number[]): Promise<KeeperReply> {
    const { places, ownCount, ...rest } = placed;
    const own = descriptors.slice(0, ownCount);
    const order: ProcessOrder = {
      ...rest,
      descriptors: places.map((place) => (place === null ? null : (own[place] ?? null))),
    };
    try {
      const held = descriptors.slice(ownCount);
      const { pid, complaints } = await this.#options.holdings.spawn(name, note, order, held);
      return { pid, complaints };
    } finally {
      for (const descriptor of own) closeSync(descriptor);
    }
  }

  /** A packet without its line belongs to a request that was given up. */
  #takeDescriptors(id: number): readonly number[] {
    for (;;) {
      const packet = receiveDescriptors(this.#options.packetsFd);
      if (packet === undefined) {
        throw new KwasmError("corrupt", `take descriptors of request "${String(id)}": none came`);
      }
      if (packet.tag === id) return packet.descriptors;
      for (const descriptor of packet.descriptors) closeSync(descriptor);
    }
  }
}

/** Control is a process of ours, of another version perhaps: what its requests say is trusted once they are requests. */
function readRequest(line: Uint8Array): KeeperRequestLine {
  const value: unknown = JSON.parse(Buffer.from(line).toString());
  if (isRecord(value) && typeof value["id"] === "number" && isRecord(value["request"])) {
    return value as unknown as KeeperRequestLine;
  }
  throw new KwasmError("corrupt", "read a request of control: it has no id or asks for nothing");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A newer control may ask for what came after this keeper. */
function refuseUnknown(request: never): never {
  throw new KwasmError("unsupported", `answer control's request "${JSON.stringify(request)}": this keeper is too old`);
}
