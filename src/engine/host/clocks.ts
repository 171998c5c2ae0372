import type { Cancel, Pollable } from "./pollable.ts";

/** The clocks of a guest, all in nanoseconds. Injected, so that tests hold time in their hands. */
export interface Clocks {
  /** Since 1970. */
  readonly realtimeNs: () => bigint;
  /** From an unspecified start, never backwards. */
  readonly monotonicNs: () => bigint;
  /** CPU time of the whole process: there is none of a single guest to be had. */
  readonly processCpuNs: () => bigint;
  /** CPU time of this thread. */
  readonly threadCpuNs: () => bigint;
}

const nsPerUs = 1_000n;
const nsPerMs = 1_000_000n;

/** setTimeout turns a longer delay into one millisecond; a longer wait is cut into steps of this length. */
const timerStepMsMax = 2 ** 31 - 1;

export const systemClocks: Clocks = {
  realtimeNs: anchoredRealtime(() => process.hrtime.bigint(), Date.now),
  monotonicNs: () => process.hrtime.bigint(),
  processCpuNs: () => sumOfUsage(process.cpuUsage()),
  threadCpuNs: () => sumOfUsage(process.threadCpuUsage()),
};

/** How far the two clocks may drift apart before the wall clock is taken to have been set, nanoseconds. */
const driftNsMax = 2n * nsPerMs;

/**
 * The wall clock in nanoseconds, where the system shows whole milliseconds only: the monotonic clock, moved by a
 * distance that is taken anew whenever the wall clock was set.
 */
export function anchoredRealtime(monotonicNs: () => bigint, nowMs: () => number): () => bigint {
  let distanceNs: bigint | undefined;
  return () => {
    const steadyNs = monotonicNs();
    const wallNs = BigInt(nowMs()) * nsPerMs;
    distanceNs ??= wallNs - steadyNs;
    const driftNs = steadyNs + distanceNs - wallNs;
    if (driftNs > driftNsMax || driftNs < -driftNsMax) distanceNs = wallNs - steadyNs;
    return steadyNs + distanceNs;
  };
}

function sumOfUsage(usage: { readonly user: number; readonly system: number }): bigint {
  return BigInt(usage.user + usage.system) * nsPerUs;
}

/** A pollable that is ready once `now()` has reached `deadlineNs`. One timer per wait, none while nobody waits. */
export function deadlinePollable(now: () => bigint, deadlineNs: bigint): Pollable {
  return {
    isReady: () => now() >= deadlineNs,
    onReady: (callback) => startTimer(now, deadlineNs, callback),
  };
}

function startTimer(now: () => bigint, deadlineNs: bigint, callback: () => void): Cancel {
  let timer: NodeJS.Timeout;
  arm();
  return () => clearTimeout(timer);

  function arm(): void {
    const leftNs = deadlineNs - now();
    // Rounded up, since a timer that fires early would make the waiter go round for the rest.
    const leftMs = leftNs <= 0n ? 0n : (leftNs + nsPerMs - 1n) / nsPerMs;
    const isLast = leftMs <= BigInt(timerStepMsMax);
    timer = setTimeout(isLast ? callback : arm, isLast ? Number(leftMs) : timerStepMsMax);
  }
}
