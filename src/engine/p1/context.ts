import type { Clocks, DescriptorBudget, FillRandom, Interrupt, Turn } from "../host/index.ts";
import type { HostHooks } from "../guest/host-contract.ts";
import type { DescriptorTable } from "./descriptor-table.ts";
import type { Errno } from "./errno.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** What the families of calls share: everything that belongs to one guest. */
export interface P1Context {
  readonly memory: GuestMemory;
  readonly table: DescriptorTable;
  readonly budget: DescriptorBudget;
  readonly interrupt: Interrupt;
  readonly turn: Turn;
  readonly clocks: Clocks;
  readonly fillRandom: FillRandom;
  readonly args: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
  readonly hooks: HostHooks;
}

/** What a call answers: `undefined` is success. Failures are thrown and become errno at the rim. */
export type Answer = Errno | undefined;
/** A call that answers at once. */
export type PlainCall = (...values: never[]) => Answer;
/** A call that may wait. */
export type WaitingCall = (...values: never[]) => Answer | Promise<Answer>;

/** The functions of one family by their import names. */
export interface CallFamily {
  readonly plain?: Readonly<Record<string, PlainCall>>;
  readonly waiting?: Readonly<Record<string, WaitingCall>>;
}
