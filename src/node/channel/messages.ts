import { isIP } from "node:net";

import { type ErrorCode, errorCodes, KwasmError } from "#base";

import type { ApplicationSpec, ComponentFacts, DependencyFacts } from "#spin";

import type { HttpSpec, StartOptions } from "../workload.ts";

/**
 * What control and a cell say to each other: one JSON object a line on a stream socket. Descriptors travel on a packet
 * socket beside it, tagged with the request's id, and are sent before the line that speaks of them. Only control
 * asks; a cell answers, tells of guests that ended, and says which sockets its guests want.
 */
export type CellRequest =
  | { readonly call: "start"; readonly guest: GuestOrder }
  | { readonly call: "kill"; readonly guest: number; readonly signal: string }
  | { readonly call: "limit"; readonly guest: number; readonly memoryBytesMax: number }
  | { readonly call: "pause"; readonly guest: number }
  | { readonly call: "resume"; readonly guest: number }
  | { readonly call: "inspect"; readonly inspection: InspectionOrder }
  /** Answers a `socket-wanted`: with the socket's descriptor, or with the code of the system's error. */
  | { readonly call: "socket"; readonly ask: number; readonly failure?: string }
  | { readonly call: "ping" }
  /** Asked by a control that found this cell running: what it says next does not continue what an earlier one heard. */
  | { readonly call: "resync" }
  /** The end of this guest is known for good. */
  | { readonly call: "forget"; readonly guest: number };

/** A guest to start. Fields named `descriptor` or `…Descriptor` are places in the list of descriptors that came with the request. */
export interface GuestOrder {
  /** Small number, unique in the cell: also what stands in the shared run queue. */
  readonly number: number;
  readonly moduleDescriptor: number;
  readonly moduleDigest: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly mounts: readonly { readonly guestPath: string; readonly descriptor: number; readonly readOnly: boolean }[];
  readonly listeners: readonly ListenerOrder[];
  readonly network?: NetworkOrder;
  readonly stdinDescriptor?: number;
  readonly stdoutDescriptor?: number;
  readonly stderrDescriptor?: number;
  /** The streams are a terminal's, with the standard output as its screen. */
  readonly isTerminal?: boolean;
  readonly memoryBytesMax: number;
  readonly start?: StartOptions;
  /** How it answers where it answers HTTP requests. */
  readonly http?: HttpSpec;
  /** Where the guest is an application of several components, the first of which is the module above. */
  readonly application?: ApplicationOrder;
}

export interface ApplicationOrder extends Omit<ApplicationSpec, "components"> {
  readonly components: readonly ComponentOrder[];
}

export interface ComponentOrder
  extends Omit<ComponentFacts, "dependencies">, Pick<GuestOrder, "moduleDescriptor" | "moduleDigest" | "mounts"> {
  readonly dependencies: readonly DependencyOrder[];
}

export interface DependencyOrder extends DependencyFacts, Pick<GuestOrder, "moduleDescriptor" | "moduleDigest"> {}

export interface ListenerOrder {
  readonly descriptor: number;
  readonly protocol: "tcp" | "udp";
  /** The port by which the guest knows it, where that is another one than it has. */
  readonly guestPort?: number;
}

/** What a guest may do with the network, and what the files say by which names are found there. */
export interface NetworkOrder {
  readonly outbound: readonly string[];
  readonly binds: readonly string[];
  readonly resolvConf: string;
  readonly hosts: string;
}

/** A socket that a guest wants in the network of its sandbox. */
export interface SocketOrder {
  readonly family: "ipv4" | "ipv6";
  readonly protocol: "tcp" | "udp";
  /** Where it is to be bound. */
  readonly bind?: { readonly address: string; readonly port: number };
}

/** A look at a guest of another cell, by a command; the cell that is asked has nothing else to do. */
export interface InspectionOrder {
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly guest: InspectedGuest;
  readonly mounts: GuestOrder["mounts"];
  readonly stdinDescriptor?: number;
  readonly stdoutDescriptor?: number;
  readonly stderrDescriptor?: number;
  readonly isTerminal?: boolean;
}

/** What control knows of the guest that is looked at. */
export interface InspectedGuest {
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly startedAtMs: number;
  readonly memoryBytesMax: number;
  /** What it has used so far, as control has read it. */
  readonly usage: { readonly memoryBytes: number; readonly cpuNanoseconds: number };
}

/** How a guest ended, as the engine saw it. */
export type GuestOutcome =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "trapped"; readonly message: string }
  | { readonly kind: "out-of-memory"; readonly message: string }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly message: string };

export interface CellReplies {
  /** Answered when the guest's first instruction may run; a module that cannot run is a `guest-ended` instead. */
  readonly start: Record<string, never>;
  readonly kill: Record<string, never>;
  readonly limit: Record<string, never>;
  readonly pause: Record<string, never>;
  readonly resume: Record<string, never>;
  /** Answered when the command has ended and its output has left the cell. */
  readonly inspect: { readonly exitCode: number };
  readonly socket: Record<string, never>;
  readonly ping: Record<string, never>;
  readonly resync: { readonly guests: readonly GuestReport[] };
  readonly forget: Record<string, never>;
}

/** A guest that a cell still speaks of: it runs, or control has not said that its end is known. */
export interface GuestReport {
  readonly guest: number;
  readonly outcome?: GuestOutcome;
}

/** control → cell. */
export interface RequestLine {
  readonly id: number;
  readonly request: CellRequest;
}

/** cell → control. */
export type CellLine =
  | { readonly reply: number; readonly value: CellReplies[CellRequest["call"]] }
  | { readonly reply: number; readonly error: { readonly code: ErrorCode; readonly message: string } }
  | { readonly event: "ready" }
  | { readonly event: "guest-ended"; readonly guest: number; readonly outcome: GuestOutcome }
  | { readonly event: "socket-wanted"; readonly ask: number; readonly guest: number; readonly socket: SocketOrder };

/** Arguments and environment of one guest are the long part of a line; Linux allows about as much to a process. */
export const LINE_BYTES_MAX = 4 * 1024 * 1024;

/** Sockets that a cell may be waiting for; its guests' further wishes wait in the cell. */
export const SOCKETS_WANTED_MAX = 128;

/** Where a cell finds its sockets and its shared page; 0 to 2 are its own standard streams. */
export const cellDescriptors = { lines: 3, packets: 4, page: 5 } as const;

/** A message ends in a status and in the journal; an honest one, every missing import named, is shorter. */
export const MESSAGE_LENGTH_MAX = 64 * 1024;

const outcomeKinds: ReadonlySet<string> = new Set(["exited", "trapped", "out-of-memory", "killed", "refused"]);

/**
 * Reads a line that a cell sent. A cell that a guest took over can write anything, so every field that control uses is
 * checked here; texts are for people only and are just cut to a length.
 */
export function parseCellLine(line: Uint8Array): CellLine {
  const value = parseObject(line);
  if (value["event"] === "ready") return { event: "ready" };
  if (value["event"] === "guest-ended") {
    return { event: "guest-ended", guest: wholeNumber(value["guest"]), outcome: parseOutcome(value["outcome"]) };
  }
  if (value["event"] === "socket-wanted") {
    const { ask, guest, socket } = value;
    return {
      event: "socket-wanted",
      ask: wholeNumber(ask),
      guest: wholeNumber(guest),
      socket: parseSocketOrder(socket),
    };
  }
  const reply = wholeNumber(value["reply"]);
  if (!isRecord(value["error"])) return { reply, value: parseReply(value["value"]) };
  const { code, message } = value["error"];
  return { reply, error: { code: parseErrorCode(code), message: readText(message) } };
}

/** Only the answers of a cell that was found running, and of a look into a guest, say more than that they are one. */
function parseReply(value: unknown): CellReplies[CellRequest["call"]] {
  if (!isRecord(value)) return {};
  if (value["exitCode"] !== undefined) return { exitCode: wholeNumber(value["exitCode"]) };
  return Array.isArray(value["guests"]) ? { guests: value["guests"].map(parseReport) } : {};
}

function parseSocketOrder(value: unknown): SocketOrder {
  if (!isRecord(value)) throw unreadable();
  const { family, protocol, bind } = value;
  if ((family !== "ipv4" && family !== "ipv6") || (protocol !== "tcp" && protocol !== "udp")) throw unreadable();
  if (bind === undefined) return { family, protocol };
  if (!isRecord(bind) || isIP(String(bind["address"])) !== (family === "ipv4" ? 4 : 6)) throw unreadable();
  const port = wholeNumber(bind["port"]);
  if (port > 65_535) throw unreadable();
  return { family, protocol, bind: { address: String(bind["address"]), port } };
}

function parseReport(value: unknown): GuestReport {
  if (!isRecord(value)) throw unreadable();
  const guest = wholeNumber(value["guest"]);
  return value["outcome"] === undefined ? { guest } : { guest, outcome: parseOutcome(value["outcome"]) };
}

function parseOutcome(value: unknown): GuestOutcome {
  if (!isRecord(value) || !outcomeKinds.has(String(value["kind"]))) throw unreadable();
  const message = readText(value["message"]);
  switch (value["kind"]) {
    case "exited":
      return { kind: "exited", code: wholeNumber(value["code"]) };
    case "killed":
      return { kind: "killed", signal: readText(value["signal"]) };
    case "refused":
      return { kind: "refused", code: parseErrorCode(value["code"]), message };
    case "out-of-memory":
      return { kind: "out-of-memory", message };
    default:
      return { kind: "trapped", message };
  }
}

function readText(value: unknown): string {
  return String(value).slice(0, MESSAGE_LENGTH_MAX);
}

function parseErrorCode(value: unknown): ErrorCode {
  return errorCodes.find((code) => code === value) ?? "internal";
}

function parseObject(line: Uint8Array): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString());
  if (!isRecord(value)) throw unreadable();
  return value;
}

function wholeNumber(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw unreadable();
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(): KwasmError {
  return new KwasmError("corrupt", "read a cell's message: it is not of the protocol");
}
