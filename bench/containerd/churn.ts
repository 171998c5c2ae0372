import { ContainerdClient } from "../../e2e/containerd/containerd-methods.ts";
import type { ContainerdRig } from "../../e2e/containerd/rig.ts";
import { printReport } from "../measure/report.ts";
import { median } from "../measure/statistics.ts";
import { readOptions, type Side, sides, startBenchRig, takeTurns, withPeer } from "./bench-rig.ts";

/**
 * Tasks a second: containers that say a word and end are created as tasks, started, waited for and deleted by
 * containerd's own API, many at once, with each runtime in turns.
 *
 * `--tasks N` in a round · `--rounds N` · `--concurrency N` · `--containerd 1.6|1.7|2` · `--peer PROGRAM`
 */
const options = readOptions({ tasks: 64, rounds: 5, concurrency: 16 });
const { tasks, rounds, concurrency } = options.counts;

function containerIdOf(side: Side, worker: number): string {
  return `${side.handler}-${String(worker)}`;
}

async function createContainers(rig: ContainerdRig, side: Side): Promise<void> {
  const { image, command = [] } = { command: undefined, ...side.brief };
  for (let worker = 0; worker < concurrency; worker++) {
    const words = ["--runtime", side.runtime, image, containerIdOf(side, worker), ...command];
    await rig.ctr("containers", "create", ...words);
  }
}

async function runTask(containerd: ContainerdClient, containerId: string): Promise<void> {
  await containerd.createTask(containerId);
  const ended = containerd.call("tasks.v1.Tasks/Wait", { containerId });
  await containerd.call("tasks.v1.Tasks/Start", { containerId });
  await ended;
  await containerd.call("tasks.v1.Tasks/Delete", { containerId });
}

/** Tasks a second of one round. */
async function runRound(containerd: ContainerdClient, side: Side): Promise<number> {
  let left = tasks;
  const workers = Array.from({ length: concurrency }, async (_, worker) => {
    while (left-- > 0) await runTask(containerd, containerIdOf(side, worker));
  });
  const startedMs = performance.now();
  await Promise.all(workers);
  return (tasks * 1000) / (performance.now() - startedMs);
}

// The shim that runs nothing is not among them: its tasks never end by themselves.
const among = withPeer(options, sides.ours, sides.runc);
await using rig = await startBenchRig(options, among);
using containerd = new ContainerdClient(rig.address);
for (const side of among) await createContainers(rig, side);
const rates = new Map(among.map((side) => [side, [] as number[]]));
await takeTurns(rounds + 1, among, async (side, round) => {
  const rate = await runRound(containerd, side);
  if (round > 0) rates.get(side)?.push(rate);
});
const runcRates = rates.get(sides.runc) ?? [];
printReport({
  bench: `churn, containerd ${options.version}`,
  notes: [
    "goal: at least 6 times runc's",
    `create, start, wait and delete of ${String(tasks)} tasks, ${String(concurrency)} at once, ${String(rounds)} rounds in turns`,
  ],
  rows: among.map((side) => {
    const own = rates.get(side) ?? [];
    const figures = { "p50 tasks/s": median(own), "best tasks/s": Math.max(...own) };
    const ratios = {
      "p50 / runc": median(own) / median(runcRates),
      "best / runc": Math.max(...own) / Math.max(...runcRates),
    };
    return { what: side.what, figures: { ...figures, ...ratios } };
  }),
});
