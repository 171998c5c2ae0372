export { initialBytesOf } from "./guest-footprint.ts";
export type { GuestEnd } from "./guest-end.ts";
export type { GuestFrame } from "./guest-stack.ts";
export type { ThreadWatch } from "./host-contract.ts";
export type { Guest, MemoryRefusal } from "./run-guest.ts";
export { type GuestConfig, startGuest } from "./start-guest.ts";
export { type CoreInvocation, planCoreInvocation } from "./core-invocation.ts";
export { startComponent } from "./start-component.ts";
export type { TrapKind } from "./trap-kind.ts";
