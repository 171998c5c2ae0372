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

/** How long what a dead cell said last may take to be read; a process that it forked may hold the line open. */
const LAST_WORDS_MS_MAX = 1_000;

export interface CellChannelOptions {
  readonly group: string;
  readonly log: Log;
  /** The cell said what no cell of ours says: a guest took it over, and nothing that it says counts any more. */
  readonly onBroken: () => void;
}

type Reply = CellReplies[CellRequest["call"]];

/** Requests, answers and events over the two sockets of a cell. */
export class CellChannel {
  readonly ready: Promise<void>;
  /** Set by the owner before anything was asked; guests end only after they were started. */
  onGuestEnded: (guest: number, outcome: GuestOutcome) => void = () => undefined;
  readonly #options: CellChannelOptions;
  readonly #socket: Socket;
  readonly #packets: number;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);
  readonly #pending = new Map<number, PromiseWithResolvers<Reply>>();
  /** Guests whose end the cell may tell, once each. */
  readonly #guests = new Set<number>();
  readonly #handoverQueue: (() => void)[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #isReady = false;
  #handovers = 0;
  #lastId = 0;
  #isClosed = false;

  constructor(linesFd: number, packetsFd: number, options: CellChannelOptions) {
    this.ready = this.#ready.promise;
    this.#options = options;
    this.#packets = packetsFd;
    this.#socket = new Socket({ fd: linesFd, readable: true, writable: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => options.log.warn("talk to a cell failed", { reason: error.message }));
    this.#socket.once("close", () => {
      this.#close();
      this.#closed.resolve();
    });
  }

  /** Resolves when everything was read that a cell said before its process ended. */
  async hearLastWords(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS_MAX);
    await this.#closed.promise;
    clearTimeout(timer);
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
    if (request.call === "start") this.#guests.add(request.guest.number);
    this.#socket.write(`${JSON.stringify({ id, request })}\n`);
    return answer.promise;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) this.#handle(parseCellLine(line));
    } catch (error) {
      this.#options.log.error("a cell broke the protocol", { group: this.#options.group, reason: String(error) });
      this.#socket.destroy();
      this.#options.onBroken();
    }
  }

  /** Each line answers something or tells of something: what a cell can send is bounded by what was asked of it. */
  #handle(line: CellLine): void {
    if ("reply" in line) {
      this.#settle(line);
      return;
    }
    if (line.event === "ready") {
      if (this.#isReady) throw unasked("ready");
      this.#isReady = true;
      this.#ready.resolve();
      return;
    }
    if (!this.#guests.delete(line.guest)) throw unasked("the end of a guest that it does not run");
    this.onGuestEnded(line.guest, line.outcome);
  }

  #settle(line: Extract<CellLine, { reply: number }>): void {
    const answer = this.#pending.get(line.reply);
    if (answer === undefined) throw unasked("an answer");
    this.#pending.delete(line.reply);
    if ("error" in line) answer.reject(new KwasmError(line.error.code, line.error.message));
    else answer.resolve(line.value);
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

function unasked(what: string): KwasmError {
  return new KwasmError("corrupt", `read a cell's message: it tells ${what} that nobody asked for`);
}
