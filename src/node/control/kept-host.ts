import { randomUUID } from "node:crypto";
import { closeSync } from "node:fs";
import { Socket } from "node:net";

import { errorCodes, KwasmError, type Log } from "#base";

import { HandoverGate, LINE_BYTES_MAX, LineSplitter } from "../channel/index.ts";
import {
  controlDescriptors,
  type HeldKind,
  type KeeperLine,
  type KeeperReply,
  type KeeperRequest,
  type Listing,
} from "../keeper/messages.ts";
import { DESCRIPTORS_PER_MESSAGE_MAX, receiveDescriptors, sendDescriptors } from "../syscall/descriptor-passing.ts";
import type { CellHost, HostedProcess, InheritedProcess, Inheritance, ProcessHold } from "./cell-host.ts";
import type { ProcessEnd, ProcessOrder } from "./spawner.ts";

interface KeptHostOptions {
  readonly log: Log;
  /** The keeper is gone, and with it every cell. */
  readonly onLost: () => void;
}

/** The host of a control that was started by a keeper: see CellHost. */
export class KeptHost implements CellHost {
  readonly inherited: Inheritance = { isFirst: true, processes: [], descriptors: new Map() };
  readonly #log: Log;
  readonly #socket: Socket;
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX);
  readonly #pending = new Map<number, PromiseWithResolvers<KeeperReply>>();
  readonly #ends = new Map<string, PromiseWithResolvers<ProcessEnd>>();
  readonly #handovers = new HandoverGate();
  #lastId = 0;

  private constructor({ log, onLost }: KeptHostOptions) {
    this.#log = log;
    this.#socket = new Socket({ fd: controlDescriptors.lines, readable: true, writable: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => log.warn("talk to the keeper failed", { reason: error.message }));
    this.#socket.once("close", onLost);
  }

  /** Takes over what an earlier control left with the keeper that started this process. */
  static async connect(options: KeptHostOptions): Promise<KeptHost> {
    const host = new KeptHost(options);
    await host.#inherit();
    return host;
  }

  /** Tells the keeper that calls may come. */
  async ready(): Promise<void> {
    await this.#request({ call: "ready" });
  }

  async spawn(
    { descriptors, ...rest }: ProcessOrder,
    { note, descriptors: held }: ProcessHold,
  ): Promise<HostedProcess> {
    const own = descriptors.filter((descriptor) => descriptor !== null);
    let nextPlace = 0;
    const places = descriptors.map((descriptor) => (descriptor === null ? null : nextPlace++));
    // No process of an earlier control has it, whatever numbers the two got.
    const name = randomUUID();
    const order = { ...rest, places, ownCount: own.length };
    const reply = await this.#request({ call: "spawn", name, note, order }, [...own, ...held]);
    if (!("pid" in reply)) throw new KwasmError("corrupt", `start a process "${name}": the keeper did not say its id`);
    return this.#hostedProcess(name, { pid: reply.pid, complaints: reply.complaints });
  }

  async note({ name }: HostedProcess, note: string): Promise<void> {
    await this.#request({ call: "note", name, note });
  }

  forget({ name }: HostedProcess): void {
    this.#ends.delete(name);
    this.#noteFailure(this.#request({ call: "forget", name }));
  }

  async keep(name: string, descriptors: readonly number[]): Promise<void> {
    await this.#request({ call: "keep", name }, descriptors);
  }

  async drop(name: string): Promise<void> {
    await this.#request({ call: "drop", name });
  }

  /** The keeper ends what is left when this process has ended. */
  async close(): Promise<void> {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #noteFailure(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#log.warn("a request to the keeper failed", { reason: String(error) }));
  }

  #hostedProcess(
    name: string,
    { pid, complaints = [] }: { readonly pid: number; readonly complaints?: readonly string[] },
    end?: ProcessEnd,
  ): HostedProcess {
    const ended = this.#endOf(name);
    if (end !== undefined) ended.resolve(end);
    return {
      name,
      pid,
      complaints,
      ended: ended.promise,
      kill: (signal) => this.#noteFailure(this.#request({ call: "signal", name, signal })),
    };
  }

  /** A process may be told as ended before its start was answered. */
  #endOf(name: string): PromiseWithResolvers<ProcessEnd> {
    const known = this.#ends.get(name);
    if (known !== undefined) return known;
    const end = Promise.withResolvers<ProcessEnd>();
    this.#ends.set(name, end);
    return end;
  }

  async #inherit(): Promise<void> {
    const listing = (await this.#request({ call: "list" })) as Listing;
    const counts = listing.processes.map(({ name, descriptorCount }) => ({ name, count: descriptorCount }));
    const ofProcesses = await this.#takeAll("process", counts);
    const processes = listing.processes.map(({ name, note, pid, end }): InheritedProcess => {
      return { note, descriptors: ofProcesses.get(name) ?? [], process: this.#hostedProcess(name, { pid }, end) };
    });
    const descriptors = await this.#takeAll("descriptors", listing.descriptors);
    Object.assign(this.inherited, { isFirst: listing.isFirst, processes, descriptors });
  }

  /** As many in one packet as the kernel passes at once. */
  async #takeAll(kind: HeldKind, held: Listing["descriptors"]): Promise<Map<string, readonly number[]>> {
    const taken = new Map<string, readonly number[]>();
    for (const batch of batchesOf(held)) {
      const names = batch.map(({ name }) => name);
      const descriptors = await this.#take(kind, names);
      for (const { name, count } of batch) taken.set(name, descriptors.splice(0, count));
    }
    return taken;
  }

  async #take(kind: HeldKind, names: readonly string[]): Promise<number[]> {
    const id = this.#lastId + 1;
    await this.#request({ call: "take", kind, names });
    for (;;) {
      const packet = receiveDescriptors(controlDescriptors.packets);
      if (packet === undefined) {
        throw new KwasmError("corrupt", `take ${String(names.length)} names: none came`);
      }
      if (packet.tag === id) return packet.descriptors;
      for (const descriptor of packet.descriptors) closeSync(descriptor);
    }
  }

  async #request(request: KeeperRequest, descriptors: readonly number[] = []): Promise<KeeperReply> {
    if (descriptors.length === 0) return this.#send(request, descriptors);
    return this.#handovers.pass(() => this.#send(request, descriptors));
  }

  #send(request: KeeperRequest, descriptors: readonly number[]): Promise<KeeperReply> {
    const id = ++this.#lastId;
    if (descriptors.length > 0) sendDescriptors(controlDescriptors.packets, id, descriptors);
    const answer = Promise.withResolvers<KeeperReply>();
    this.#pending.set(id, answer);
    this.#socket.write(`${JSON.stringify({ id, request })}\n`);
    return answer.promise;
  }

  #receive(chunk: Buffer): void {
    // The keeper is a process of ours.
    for (const line of this.#splitter.push(chunk)) this.#handle(JSON.parse(Buffer.from(line).toString()) as KeeperLine);
  }

  #handle(line: KeeperLine): void {
    if ("event" in line) {
      this.#endOf(line.name).resolve(line.end);
      return;
    }
    const answer = this.#pending.get(line.reply);
    this.#pending.delete(line.reply);
    if ("value" in line) answer?.resolve(line.value);
    else answer?.reject(new KwasmError(codeOf(line.error.code), line.error.message));
  }
}

function codeOf(text: string): KwasmError["code"] {
  return errorCodes.find((code) => code === text) ?? "internal";
}

function batchesOf(held: Listing["descriptors"]): Listing["descriptors"][] {
  const batches: { name: string; count: number }[][] = [];
  let room = 0;
  for (const one of held) {
    if (one.count > room) {
      batches.push([]);
      room = DESCRIPTORS_PER_MESSAGE_MAX;
    }
    batches.at(-1)?.push(one);
    room -= one.count;
  }
  return batches.filter((batch) => batch.length > 0);
}
