export type { GuestEnd } from "./guest-end.ts";
export type { GuestFrame } from "./guest-stack.ts";
export type { Guest, MemoryRefusal } from "./run-guest.ts";
export { type GuestConfig, startGuest } from "./start-guest.ts";
export type { TrapKind } from "./trap-kind.ts";
