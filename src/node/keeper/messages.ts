import type { ProcessEnd, ProcessOrder, ProcessSignal } from "../control/spawner.ts";

/**
 * What control and its keeper say to each other: one JSON object a line on a stream socket; descriptors travel on a packet
 * socket beside it, tagged with the request's id, and are sent before the line that speaks of them. Both ends are ours and
 * trust each other. Control asks, the keeper answers, and tells of processes that ended.
 */
export type KeeperRequest =
  /** Whether everything is in place: calls are handed on from here on. */
  | { readonly call: "ready" }
  /** What an earlier control left. */
  | { readonly call: "list" }
  /** Starts a process. The descriptors that came are `order`'s by their places, and after them those to hold. */
  | { readonly call: "spawn"; readonly name: string; readonly note: string; readonly order: PlacedOrder }
  /** Replaces a process's note. */
  | { readonly call: "note"; readonly name: string; readonly note: string }
  | { readonly call: "signal"; readonly name: string; readonly signal: ProcessSignal }
  /** Lets go of an ended process and what is held for it. */
  | { readonly call: "forget"; readonly name: string }
  /** Holds the descriptors that came. */
  | { readonly call: "keep"; readonly name: string }
  | { readonly call: "drop"; readonly name: string }
  /** Sends copies of what is held under these names, in one packet in their order. */
  | { readonly call: "take"; readonly kind: HeldKind; readonly names: readonly string[] };

export type HeldKind = "process" | "descriptors";

/** A process's own descriptors are places in the list that came with the request. */
export interface PlacedOrder extends Omit<ProcessOrder, "descriptors"> {
  readonly places: readonly (number | null)[];
  /** How many of the descriptors that came are the process's; those after them are held. */
  readonly ownCount: number;
}

export interface ListedProcess {
  readonly name: string;
  readonly note: string;
  readonly pid: number;
  readonly end?: ProcessEnd;
  readonly descriptorCount: number;
}

export interface Listing {
  /** Whether this is the keeper's first control, so that what earlier processes wrote down is of no machine of now. */
  readonly isFirst: boolean;
  readonly processes: readonly ListedProcess[];
  readonly descriptors: readonly { readonly name: string; readonly count: number }[];
}

export type KeeperReply =
  | { readonly pid: number; readonly complaints: readonly string[] }
  | Listing
  | Record<string, never>;

/** control → keeper. */
export interface KeeperRequestLine {
  readonly id: number;
  readonly request: KeeperRequest;
}

/** keeper → control. */
export type KeeperLine =
  | { readonly reply: number; readonly value: KeeperReply }
  | { readonly reply: number; readonly error: { readonly code: string; readonly message: string } }
  | { readonly event: "ended"; readonly name: string; readonly end: ProcessEnd };

/** Where control finds its ends of the keeper's sockets. */
export const controlDescriptors = { calls: 3, lines: 4, packets: 5 } as const;
