/** `wasi:clocks/system-clock#instant`. */
export interface Instant {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const nsPerSecond = 1_000_000_000n;

/** Nanoseconds count up from the second, also before 1970. */
export function instantOf(nanoseconds: bigint): Instant {
  const rest = ((nanoseconds % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return { seconds: (nanoseconds - rest) / nsPerSecond, nanoseconds: Number(rest) };
}
