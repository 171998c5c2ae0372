import { closeSync } from "node:fs";
import { Socket } from "node:net";

import { KwasmError, type Log } from "#base";

import {
  type CellLine,
  type CellReplies,
  type CellRequest,
  type GuestOutcome,
  LINE_BYTES_MAX,
  LineSplitter,
  parseCellLine,
} from "../channel/index.ts";
import { sendDescriptors } from "../syscall/descriptor-passing.ts";

/** Requests with descriptors under way at once: the packet socket's buffer holds about a hundred packets. */
const HANDOVERS_MAX = 32;

export interface CellChannelOptions {
  readonly group: string;
  readonly log: Log;
}

type Reply = CellReplies[CellRequest["call"]];

/** Requests, answers and events over the two sockets of a cell. */
export class CellChannel {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  /** Set by the owner before anything was asked; guests end only after they were started. */
  onGuestEnded: (guest: number, outcome: GuestOutcome) => void = () => undefined;
  readonly #options: CellChannelOptions;
  readonly #socket: Socket;
  readonly #packets: number;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);
  readonly #pending = new Map<number, PromiseWithResolvers<Reply>>();
  readonly #handoverQueue: (() => void)[] = [];
  readonly #becomeReady: () => void;
  #handovers = 0;
  #lastId = 0;
  #isClosed = false;

  constructor(linesFd: number, packetsFd: number, options: CellChannelOptions) {
    const ready = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.closed = closed.promise;
    this.#becomeReady = ready.resolve;
    this.#options = options;
    this.#packets = packetsFd;
    this.#socket = new Socket({ fd: linesFd, readable: true, writable: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => options.log.warn("talk to a cell failed", { reason: error.message }));
    this.#socket.once("close", () => {
      this.#close();
      closed.resolve();
    });
  }

  async request(request: CellRequest, descriptors: readonly number[]): Promise<Reply> {
    if (descriptors.length === 0) return this.#send(request, descriptors);
    while (this.#handovers >= HANDOVERS_MAX) await new Promise<void>((resume) => this.#handoverQueue.push(resume));
    this.#handovers++;
    try {
      return await this.#send(request, descriptors);
    } finally {
      this.#handovers--;
      this.#handoverQueue.shift()?.();
    }
  }

  async #send(request: CellRequest, descriptors: readonly number[]): Promise<Reply> {
    if (this.#isClosed) throw cellIsGone(this.#options.group);
    const id = ++this.#lastId;
    if (descriptors.length > 0) sendDescriptors(this.#packets, id, descriptors);
    const answer = Promise.withResolvers<Reply>();
    this.#pending.set(id, answer);
    this.#socket.write(`${JSON.stringify({ id, request })}\n`);
    return answer.promise;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) this.#handle(parseCellLine(line));
    } catch (error) {
      // A cell that breaks the protocol was taken over or is broken; nothing that it says counts any more.
      this.#options.log.error("a cell broke the protocol", { group: this.#options.group, reason: String(error) });
      this.#socket.destroy();
    }
  }

  #handle(line: CellLine): void {
    if ("event" in line) {
      if (line.event === "ready") this.#becomeReady();
      else this.onGuestEnded(line.guest, line.outcome);
      return;
    }
    const answer = this.#pending.get(line.reply);
    this.#pending.delete(line.reply);
    if ("error" in line) answer?.reject(new KwasmError(line.error.code, line.error.message));
    else answer?.resolve(line.value);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#packets);
    for (const answer of this.#pending.values()) answer.reject(cellIsGone(this.#options.group));
    this.#pending.clear();
    for (const resume of this.#handoverQueue.splice(0)) resume();
  }
}

function cellIsGone(group: string): KwasmError {
  return new KwasmError("unavailable", `the cell of group "${group}" has ended`);
}
