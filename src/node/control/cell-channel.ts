import { randomInt } from "node:crypto";
import { closeSync } from "node:fs";
import { Socket } from "node:net";

import { KwasmError, type Log, systemErrorCode } from "#base";

import {
  type CellLine,
  type CellReplies,
  type CellRequest,
  type GuestOutcome,
  type GuestReport,
  HandoverGate,
  LINE_BYTES_MAX,
  LineSplitter,
  parseCellLine,
  type SocketOrder,
  SOCKETS_WANTED_MAX,
} from "../channel/index.ts";
import { sendDescriptors } from "../syscall/descriptor-passing.ts";

/** How long what a dead cell said last may take to be read; a process that it forked may hold the line open. */
const LAST_WORDS_MS_MAX = 1_000;

export interface CellChannelOptions {
  readonly group: string;
  readonly log: Log;
  /** The cell said what no cell of ours says: a guest took it over, and nothing that it says counts any more. */
  readonly onBroken: () => void;
  /** Guests that an earlier control started in this cell; without them the cell is new. */
  readonly inherited?: readonly number[];
}

type Reply = CellReplies[CellRequest["call"]];

/** Requests, answers and events over the two sockets of a cell. */
export class CellChannel {
  readonly ready: Promise<void>;
  /** Set by the owner before anything was asked; guests end only after they were started. */
  onGuestEnded: (guest: number, outcome: GuestOutcome) => void = () => undefined;
  /** Set by the owner as well; the answer is a request of `socket`. */
  onSocketWanted: (guest: number, socket: SocketOrder) => number = refuseSocket;
  /** Whose cell it is, for what is said of it. */
  group: string;
  readonly #options: CellChannelOptions;
  readonly #socket: Socket;
  readonly #packets: number;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);
  readonly #pending = new Map<number, PromiseWithResolvers<Reply>>();
  /** Guests whose end the cell may tell, once each. */
  readonly #guests: Set<number>;
  readonly #handovers = new HandoverGate();
  #socketsWanted = 0;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Whether what comes continues what this control has heard. */
  #isInStep: boolean;
  #isReady = false;
  #lastId: number;
  #isClosed = false;

  constructor(linesFd: number, packetsFd: number, options: CellChannelOptions) {
    this.ready = this.#ready.promise;
    this.#options = options;
    this.group = options.group;
    // Apart from those of an earlier control, of which some may still be under way.
    this.#lastId = options.inherited === undefined ? 0 : randomInt(2 ** 32);
    this.#packets = packetsFd;
    this.#isInStep = options.inherited === undefined;
    this.#guests = new Set(options.inherited);
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

  /**
   * Asks a cell that an earlier control started what it runs. The line that the other had begun is ended first, and
   * everything up to the answer was meant for the other.
   */
  async resync(): Promise<readonly GuestReport[]> {
    this.#socket.write("\n");
    const answer = await this.#send({ call: "resync" }, []);
    if (!("guests" in answer)) throw unasked("no guests");
    for (const { guest } of answer.guests) this.#guests.add(guest);
    return answer.guests;
  }

  async request(request: CellRequest, descriptors: readonly number[]): Promise<Reply> {
    if (descriptors.length === 0) return this.#send(request, descriptors);
    return this.#handovers.pass(() => this.#send(request, descriptors));
  }

  async #send(request: CellRequest, descriptors: readonly number[]): Promise<Reply> {
    if (this.#isClosed) throw cellIsGone(this.group);
    // A cell keeps its number of a request for the packet that belongs to it, 32 bits wide.
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    if (descriptors.length > 0) sendDescriptors(this.#packets, id, descriptors);
    const answer = Promise.withResolvers<Reply>();
    this.#pending.set(id, answer);
    if (request.call === "start") this.#guests.add(request.guest.number);
    this.#socket.write(`${JSON.stringify({ id, request })}\n`);
    return answer.promise;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) {
        if (this.#isInStep || this.#isAnswerToUs(line)) this.#handle(parseCellLine(line));
      }
    } catch (error) {
      this.#options.log.error("a cell broke the protocol", { group: this.group, reason: String(error) });
      this.#socket.destroy();
      this.#options.onBroken();
    }
  }

  /** The first line that answers a question of this control, of which the first is `resync`. */
  #isAnswerToUs(line: Uint8Array): boolean {
    try {
      const parsed = parseCellLine(line);
      this.#isInStep = "reply" in parsed && this.#pending.has(parsed.reply);
    } catch (error) {
      // The end of a line whose beginning an earlier control has read.
      this.#options.log.debug("half a line of a cell is dropped", { reason: String(error) });
    }
    return this.#isInStep;
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
    if (line.event === "socket-wanted") {
      this.#giveSocket(line);
      return;
    }
    if (!this.#guests.delete(line.guest)) throw unasked("the end of a guest that it does not run");
    this.onGuestEnded(line.guest, line.outcome);
  }

  /** Opened here and now, and this process's copy is closed as soon as the cell has its own. */
  #giveSocket({ ask, guest, socket }: Extract<CellLine, { event: "socket-wanted" }>): void {
    if (++this.#socketsWanted > SOCKETS_WANTED_MAX) throw unasked("a wish for more sockets than it may wait for");
    void this.#answerWish(ask, guest, socket).finally(() => this.#socketsWanted--);
  }

  async #answerWish(ask: number, guest: number, order: SocketOrder): Promise<void> {
    let fd: number | undefined;
    try {
      if (!this.#guests.has(guest)) throw refusal();
      fd = this.onSocketWanted(guest, order);
      await this.request({ call: "socket", ask }, [fd]);
    } catch (error) {
      const failure = systemErrorCode(error) ?? "EIO";
      // A cell that is gone wants nothing any more.
      if (fd === undefined) await this.request({ call: "socket", ask, failure }, []).catch(() => undefined);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  #settle(line: Extract<CellLine, { reply: number }>): void {
    const answer = this.#pending.get(line.reply);
    if (answer === undefined) {
      // What an earlier control had asked for is answered some time.
      if (this.#options.inherited !== undefined) return;
      throw unasked("an answer");
    }
    this.#pending.delete(line.reply);
    if ("error" in line) answer.reject(new KwasmError(line.error.code, line.error.message));
    else answer.resolve(line.value);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#packets);
    for (const answer of this.#pending.values()) answer.reject(cellIsGone(this.group));
    this.#pending.clear();
    this.#handovers.open();
  }
}

function refuseSocket(): never {
  throw refusal();
}

/** What a guest is told that has no right to a socket. */
function refusal(): Error {
  return Object.assign(new Error("a socket is not granted"), { code: "EACCES" });
}

export function cellIsGone(group: string): KwasmError {
  return new KwasmError("unavailable", `the cell of group "${group}" has ended`);
}

/** Whether a request failed because there is nobody left to answer it. */
export function isCellGone(error: unknown): boolean {
  return error instanceof KwasmError && error.code === "unavailable";
}

function unasked(what: string): KwasmError {
  return new KwasmError("corrupt", `read a cell's message: it tells ${what} that nobody asked for`);
}
