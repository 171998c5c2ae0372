import type { GuestUsage } from "../channel/index.ts";

/** Even a guest without a memory has an instance; metrics-server leaves out the whole pod of a container with none. */
const MEMORY_BYTES_MIN = 4_096;

export interface UsageBounds {
  /** Since the guest's start was asked. */
  readonly elapsedNs: number;
  readonly memoryBytesMax: number;
}

/**
 * What is believed of what a cell says that a guest has used. A cell has one thread for its guests, so that none has
 * computed for longer than it is there; time never goes back; and the cell holds a guest to its cap. Where the cell
 * says nothing, what was known before holds.
 */
export function plausibleUsage(told: GuestUsage | undefined, before: GuestUsage, bounds: UsageBounds): GuestUsage {
  if (told === undefined) return before;
  const cpuNanoseconds = Math.floor(Math.min(told.cpuNanoseconds, bounds.elapsedNs));
  const memoryBytes = Math.floor(Math.min(told.memoryBytes, bounds.memoryBytesMax));
  return {
    cpuNanoseconds: Math.max(cpuNanoseconds, before.cpuNanoseconds),
    memoryBytes: Math.max(memoryBytes, MEMORY_BYTES_MIN),
  };
}
