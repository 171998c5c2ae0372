/** Time as the host sees it, injected so that tests hold it in their hands. */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  nowMs(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout turns a longer delay into one millisecond; longer waits are cut into steps of this length. */
const TIMER_STEP_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(delayMs, signal) {
    for (let leftMs = delayMs; leftMs > 0; leftMs -= TIMER_STEP_MS_MAX) {
      await sleepStep(Math.min(leftMs, TIMER_STEP_MS_MAX), signal);
    }
  },
};

function sleepStep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(finish, delayMs);
    signal?.addEventListener("abort", cancel, { once: true });
    function finish(): void {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }
    function cancel(): void {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new Error("sleep was cancelled"));
    }
  });
}
