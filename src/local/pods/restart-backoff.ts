/**
 * How long a container waits before it is started again; also used between two looks for an absent image.
 * The rules are the kubelet's (`client-go/util/flowcontrol/backoff.go` with 10 s and 5 min): the first restart is
 * immediate, each further one waits twice as long as the one before, counted from the end of the last run, and a run
 * of more than ten minutes makes the next restart a first one again.
 */

const RESTART_DELAY_MS_MIN = 10_000;
export const RESTART_DELAY_MS_MAX = 300_000;
/** A run (or a quiet time) longer than this forgets all earlier failures. */
export const RESTART_DELAY_RESET_MS = 600_000;

export interface RestartBackoff {
  /** What the next failure waits. */
  readonly delayMs: number;
  /** When `delayMs` was last raised, which is when the container was last started. */
  readonly raisedAtMs: number;
}

export interface RestartPlan {
  readonly delayMs: number;
  readonly backoff: RestartBackoff;
}

/** Plans the restart after a run that ended at `endedAtMs`. `backoff` is absent before the first restart. */
export function planRestart(backoff: RestartBackoff | undefined, endedAtMs: number): RestartPlan {
  if (backoff === undefined || endedAtMs - backoff.raisedAtMs > RESTART_DELAY_RESET_MS) {
    return { delayMs: 0, backoff: { delayMs: RESTART_DELAY_MS_MIN, raisedAtMs: endedAtMs } };
  }
  const delayMs = backoff.delayMs;
  const next = { delayMs: Math.min(delayMs * 2, RESTART_DELAY_MS_MAX), raisedAtMs: endedAtMs + delayMs };
  return { delayMs, backoff: next };
}
