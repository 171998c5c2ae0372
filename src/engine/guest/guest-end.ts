import type { GuestFrame } from "./guest-stack.ts";
import type { TrapKind } from "./trap-kind.ts";

/** The closed set of ways in which a guest ends. */
export type GuestEnd = GuestExit | GuestTrap | GuestOutOfMemory | GuestKilled;

/** The guest ended of its own will: it returned from `_start` (code 0) or asked to exit. */
export interface GuestExit {
  readonly kind: "exit";
  readonly code: number;
}

/** The guest did what a Wasm program must not do, or a host call failed in a way that the guest cannot handle. */
export interface GuestTrap {
  readonly kind: "trap";
  readonly trap: TrapKind;
  readonly message: string;
  /** The guest's calls, innermost first. */
  readonly frames: readonly GuestFrame[];
}

/** The guest trapped after it had been refused memory. */
export interface GuestOutOfMemory {
  readonly kind: "out-of-memory";
  /** Cap on memory and tables of the guest. */
  readonly limitBytes: number;
  /** What the guest asked for in addition when it was last refused. */
  readonly askedBytes: number;
  readonly message: string;
  readonly frames: readonly GuestFrame[];
}

/** The guest was ended from outside. */
export interface GuestKilled {
  readonly kind: "killed";
  readonly reason: string;
}
