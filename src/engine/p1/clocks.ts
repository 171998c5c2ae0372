import type { Clocks } from "../host/index.ts";
import type { CallFamily, P1Context } from "./context.ts";
import { errno, P1Error } from "./errno.ts";
import { clockid } from "./layout.ts";

/** The system shows the steady clock in nanoseconds and the others in microseconds. */
const steadyResolutionNs = 1n;
const otherResolutionNs = 1_000n;

/** `clock_res_get`, `clock_time_get`. */
export function clockCalls({ memory, clocks }: P1Context): CallFamily {
  return {
    plain: {
      clock_res_get(id: number, resolution: number) {
        readerOf(clocks, id);
        memory.writeU64(resolution, id === clockid.monotonic ? steadyResolutionNs : otherResolutionNs);
        return undefined;
      },
      clock_time_get(id: number, _precision: bigint, time: number) {
        memory.writeU64(time, readerOf(clocks, id)());
        return undefined;
      },
    },
  };
}

/** How the clock that a guest names is read. */
export function readerOf(clocks: Clocks, id: number): () => bigint {
  switch (id) {
    case clockid.realtime:
      return clocks.realtimeNs;
    case clockid.monotonic:
      return clocks.monotonicNs;
    case clockid.processCpu:
      return clocks.processCpuNs;
    case clockid.threadCpu:
      return clocks.threadCpuNs;
    default:
      throw new P1Error(errno.invalid, "read a clock that does not exist");
  }
}
