import type { Probe } from "../kinds/index.ts";

/** What a probe has come to after its thresholds; absent until the first threshold is reached. */
export type ProbeVerdict = "passing" | "failing";

export interface ProbeCount {
  readonly verdict: ProbeVerdict | undefined;
  readonly wasLastPassed: boolean;
  /** How often in a row the last result came. */
  readonly runLength: number;
}

export const noProbeYet: ProbeCount = { verdict: undefined, wasLastPassed: false, runLength: 0 };

/** Counts one result as the kubelet's prober worker does: a verdict changes once its threshold is reached in a row. */
export function countProbe(count: ProbeCount, isPassed: boolean, probe: Probe): ProbeCount {
  const runLength = count.runLength > 0 && count.wasLastPassed === isPassed ? count.runLength + 1 : 1;
  const threshold = isPassed ? probe.successThreshold : probe.failureThreshold;
  const verdict = isPassed ? "passing" : "failing";
  return { verdict: runLength >= threshold ? verdict : count.verdict, wasLastPassed: isPassed, runLength };
}
