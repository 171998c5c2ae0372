import { type Clock, KwasmError } from "#base";
import type { RegistryLimits } from "../limits.ts";
import { TransientFailure } from "./failures.ts";

export interface RetryOptions {
  readonly limits: RegistryLimits;
  readonly clock: Clock;
  /** Between 0 and 1, so that many who were refused at once do not come back at once. */
  readonly random: () => number;
  readonly signal?: AbortSignal;
}

/**
 * Tries again what failed for a while: by growing waits, or by the one that the server asked for. `progress` counts
 * anything; an attempt that moved it is followed by as many as the first was.
 */
export async function retry<Result>(
  action: () => Promise<Result>,
  options: RetryOptions,
  progress: () => number = () => 0,
): Promise<Result> {
  const { limits, clock, signal } = options;
  let failures = 0;
  for (;;) {
    const before = progress();
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransientFailure)) throw error;
      failures = progress() > before ? 1 : failures + 1;
      if (failures >= limits.attemptsMax) throw error;
      await clock.sleep(waitMsOf(error, failures, options), signal);
    }
  }
}

function waitMsOf(failure: TransientFailure, failures: number, { limits, random }: RetryOptions): number {
  const { retryAfterMs } = failure;
  if (retryAfterMs === undefined) {
    const wholeMs = Math.min(limits.backoffMsMax, limits.backoffMsMin * 2 ** (failures - 1));
    return Math.round(wholeMs * (0.5 + random() / 2));
  }
  if (retryAfterMs <= limits.retryAfterMsMax) return retryAfterMs;
  const seconds = Math.ceil(retryAfterMs / 1000);
  throw new KwasmError("unavailable", `${failure.message}; it asks to wait for ${seconds} seconds`, { cause: failure });
}
