interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The wait after the given number of failures in a row: the base, doubled each time, up to a maximum. */
export function backoffMs({ baseMs, maxMs }: BackoffOptions, failures: number): number {
  // 2 ** 1024 is Infinity, which the minimum cuts too.
  return Math.min(maxMs, baseMs * 2 ** Math.max(0, failures - 1));
}

/** Spreads a wait over `1 … 1.5` of itself, so that what failed together does not come back together. */
export function spreadMs(waitMs: number, random: () => number): number {
  return Math.round(waitMs * (1 + random() / 2));
}
