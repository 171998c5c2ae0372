export { type GuestEnd } from "./guest-end.ts";
export { type GuestFrame } from "./guest-stack.ts";
export { type GuestHost, type HostHooks } from "./host-contract.ts";
export { createMemoryPool, type MemoryPool } from "./memory-pool.ts";
export { type Guest, type GuestEnvironment, type MemoryRefusal, runGuest } from "./run-guest.ts";
export { type TrapKind } from "./trap-kind.ts";
