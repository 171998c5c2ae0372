import { checked, libc } from "./libc.ts";

const CLOCK_THREAD_CPUTIME_ID = 3;
const NANOSECONDS = 1_000_000_000;

/** struct timespec of 64-bit systems: seconds and nanoseconds, eight bytes each. */
const timespec = new BigInt64Array(2);

/** Nanoseconds that this thread has computed, up to this very moment (clock_gettime(2)); getrusage lags by a tick. */
export function readThreadCpuNs(): number {
  checked("clock_gettime", libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec));
  return Number(timespec[0]) * NANOSECONDS + Number(timespec[1]);
}
