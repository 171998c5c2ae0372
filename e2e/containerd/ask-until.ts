import { setTimeout as sleep } from "node:timers/promises";

import { KwasmError } from "#base";

/** Short beside what is waited for, long beside a call. */
const ASK_AGAIN_MS = 10;

/** What has not come about after this will not; the slowest of these waits ends within a second. */
const ASK_MS_MAX = 30_000;

/**
 * Asks until there is an answer other than undefined. For what containerd tells nobody, so that kubelet too finds it by
 * asking again and again.
 */
export async function askUntil<Answer>(awaited: string, ask: () => Promise<Answer | undefined>): Promise<Answer> {
  for (const deadline = Date.now() + ASK_MS_MAX; Date.now() < deadline; await sleep(ASK_AGAIN_MS)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new KwasmError("deadline-exceeded", `waiting for ${awaited}: it has not come after "${ASK_MS_MAX}" ms`);
}
