export { type Guest, type GuestEnd, type GuestFrame, type MemoryRefusal, type TrapKind } from "./guest/index.ts";
export { createLoader, type GuestModule, type Loader, type LoaderOptions, type LoadOptions } from "./loader/index.ts";
