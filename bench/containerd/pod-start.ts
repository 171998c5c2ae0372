import { setTimeout as sleep } from "node:timers/promises";

import { Pod } from "../../e2e/containerd/pod.ts";
import type { ContainerdRig } from "../../e2e/containerd/rig.ts";
import { printReport, type Row } from "../measure/report.ts";
import { median } from "../measure/statistics.ts";
import { readOptions, type Side, sides, startBenchRig, takeTurns, withPeer } from "./bench-rig.ts";

/**
 * How long a pod takes to start through CRI, in the calls that kubelet waits for, with each runtime in turns. A shim
 * that runs nothing is the floor: what is left of it is containerd's and CNI's.
 *
 * `--pods N` of each · `--containerd 1.6|1.7|2` · `--peer PROGRAM` another Wasm shim
 */
const options = readOptions({ pods: 30 });
const WARM_PODS = 2;
/** Namespaces do not come one after the other: by then the runtime has a spare cell again. */
const SPARE_MS = 1_000;

const steps = ["RunPodSandbox", "CreateContainer", "StartContainer"] as const;
type Start = Readonly<Record<(typeof steps)[number], number>>;

async function startPod(rig: ContainerdRig, side: Side): Promise<Start> {
  const took = new Map<string, number>();
  rig.cri.onAnswer = (method, tookMs) => took.set(method, tookMs);
  const pod = await Pod.start(rig, side.handler);
  await pod.startContainer(side.waiting);
  await pod.stop(0);
  await pod.remove();
  const times = steps.map((step) => [step, took.get(`RuntimeService/${step}`) ?? Number.NaN]);
  // Each step has its entry, of the calls above.
  return Object.fromEntries(times) as Start;
}

function totalsOf(starts: readonly Start[]): readonly number[] {
  return starts.map((start) => steps.reduce((sum, step) => sum + start[step], 0));
}

function rowOf(side: Side, starts: readonly Start[], floor: readonly Start[]): Row {
  const [totals, floorTotals] = [totalsOf(starts), totalsOf(floor)];
  const medians = steps.map((step) => [`${step} p50 ms`, median(starts.map((start) => start[step]))] as const);
  return {
    what: side.what,
    figures: {
      ...Object.fromEntries(medians),
      "total p50 ms": median(totals),
      "total min ms": Math.min(...totals),
      "p50 / no-op": median(totals) / median(floorTotals),
      "min / no-op": Math.min(...totals) / Math.min(...floorTotals),
    },
  };
}

const firstOfNode: Side = { ...sides.ours, what: "KWasm, first of its node" };
const firstOfNamespace: Side = { ...sides.ours, what: "KWasm, first of its namespace" };
const later = withPeer(options, sides.noop, sides.ours, sides.runc);
const among = [...later, firstOfNamespace, firstOfNode];
await using rig = await startBenchRig(options, among);
const starts = new Map(among.map((side) => [side, [] as Start[]]));

async function measure(measured: readonly Side[], pauseMs = 0): Promise<void> {
  await takeTurns(options.counts.pods + WARM_PODS, measured, async (side, round) => {
    await sleep(pauseMs);
    const start = await startPod(rig, side);
    if (round >= WARM_PODS) starts.get(side)?.push(start);
  });
}

async function reside(namespace?: string): Promise<void> {
  const resident = await Pod.start(rig, sides.ours.handler, namespace === undefined ? {} : { namespace });
  await resident.startContainer(sides.ours.waiting);
}

// The cell of a namespace starts with its first pod, and ends with its last one; the spare one with the node's last.
await measure([firstOfNode], SPARE_MS);
await reside("elsewhere");
await measure([firstOfNamespace], SPARE_MS);
await reside();
await measure(later);
const floor = starts.get(sides.noop) ?? [];
const rows = among.map((side) => rowOf(side, starts.get(side) ?? [], floor));
const [ours, runc] = [sides.ours, sides.runc].map((side) => totalsOf(starts.get(side) ?? []));
const faster = median(runc ?? []) / median(ours ?? []);
const fasterAtBest = Math.min(...(runc ?? [])) / Math.min(...(ours ?? []));
printReport({
  bench: `pod-start, containerd ${options.version}`,
  notes: [
    `runc / KWasm: p50 ${faster.toFixed(2)}, minimum ${fasterAtBest.toFixed(2)}; goal: at least 3`,
    "goal: at most 1.2 of the no-op shim",
    `${String(options.counts.pods)} pods of each, one after the other, in turns`,
  ],
  rows,
});
