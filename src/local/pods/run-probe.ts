import type { Clock } from "#base";
import type { Probe } from "../kinds/index.ts";
import { checkProbe, type ProbeTarget } from "./check-probe.ts";
import { countProbe, noProbeYet, type ProbeVerdict } from "./probe-verdict.ts";

export interface ProbeRun {
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Each change of the verdict, with the message of the result that brought it. */
  readonly onVerdict: (verdict: ProbeVerdict, message: string) => void;
  /** Each failed attempt. */
  readonly onFailure: (message: string) => void;
}

/** Probes until the signal aborts; then it resolves. */
export async function runProbe(run: ProbeRun): Promise<void> {
  const { probe, clock, signal } = run;
  let count = noProbeYet;
  let delayMs = probe.initialDelaySeconds * 1_000;
  while (await sleptUntil(clock, delayMs, signal)) {
    const result = await checkProbe(probe, run.target, signal);
    if (signal.aborted) return;
    if (!result.isPassed) run.onFailure(result.message);
    const before = count.verdict;
    count = countProbe(count, result.isPassed, probe);
    if (count.verdict !== undefined && count.verdict !== before) run.onVerdict(count.verdict, result.message);
    delayMs = probe.periodSeconds * 1_000;
  }
}

/** False once the signal aborts: the end of waiting is no error here. */
async function sleptUntil(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return clock.sleep(delayMs, signal).then(
    () => true,
    () => false,
  );
}
