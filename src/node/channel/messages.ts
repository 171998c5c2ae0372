import { type ErrorCode, errorCodes, KwasmError } from "#base";

/**
 * What control and a cell say to each other: one JSON object a line on a stream socket. Descriptors travel on a packet
 * socket beside it, tagged with the request's id, and are sent before the line that speaks of them. Only control
 * asks; a cell answers, and tells of guests that ended.
 */
export type CellRequest =
  | { readonly call: "start"; readonly guest: GuestOrder }
  | { readonly call: "kill"; readonly guest: number; readonly signal: string }
  | { readonly call: "stats"; readonly guest: number }
  | { readonly call: "ping" };

/** A guest to start. Fields named `…Descriptor` are places in the list of descriptors that came with the request. */
export interface GuestOrder {
  /** Small number, unique in the cell: also what stands in the shared run queue. */
  readonly number: number;
  readonly moduleDescriptor: number;
  readonly moduleDigest: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly mounts: readonly { readonly guestPath: string; readonly descriptor: number; readonly readOnly: boolean }[];
  readonly listenerDescriptors: readonly number[];
  readonly stdinDescriptor?: number;
  readonly stdoutDescriptor?: number;
  readonly stderrDescriptor?: number;
  readonly memoryBytesMax: number;
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
  readonly stats: { readonly memoryBytes: number };
  readonly ping: Record<string, never>;
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
  | { readonly event: "guest-ended"; readonly guest: number; readonly outcome: GuestOutcome };

/** Arguments and environment of one guest are the long part of a line; Linux allows about as much to a process. */
export const LINE_BYTES_MAX = 4 * 1024 * 1024;

/** Where a cell finds its sockets and its shared page; 0 to 2 are its own standard streams. */
export const cellDescriptors = { lines: 3, packets: 4, runQueue: 5 } as const;

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
  const reply = wholeNumber(value["reply"]);
  if (!isRecord(value["error"])) return { reply, value: parseReply(value["value"]) };
  const { code, message } = value["error"];
  return { reply, error: { code: parseErrorCode(code), message: readText(message) } };
}

function parseReply(value: unknown): { memoryBytes: number } | Record<string, never> {
  if (!isRecord(value) || value["memoryBytes"] === undefined) return {};
  return { memoryBytes: wholeNumber(value["memoryBytes"]) };
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
