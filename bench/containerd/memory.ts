import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { askUntil } from "../../e2e/containerd/ask-until.ts";
import { Pod } from "../../e2e/containerd/pod.ts";
import { readProcesses, sumOf } from "../../e2e/containerd/process-figures.ts";
import type { ContainerdRig } from "../../e2e/containerd/rig.ts";
import { printReport, type Row } from "../measure/report.ts";
import { readOptions, type Side, sides, startBenchRig } from "./bench-rig.ts";

/**
 * What pods cost in memory while their guests wait: the proportional set sizes of all processes of a rig, which are
 * containerd's, the shims' and the guests'. Each runtime has a rig of its own.
 *
 * `--max N` pods of ours · `--sandboxes N` at most of ours that the sandbox controller makes · `--runc N` at most of runc · `--starting N` at once · `--containerd 1.6|1.7|2` · `--peer PROGRAM`
 */
const options = readOptions({ max: 100, sandboxes: 0, runc: 10, starting: 8 });
/** Set where this process is the copy. */
const APART = "KWASM_BENCH_APART";
const MEBIBYTE = 1024 * 1024;

/** Where the pods are counted. */
const COUNTS = [10, 100, 500, 1000, 2000];

/** As many pods as a bridge has ports, some for others; the rest share the node's network. */
const BRIDGE_PODS_MAX = 1000;

async function startPods(rig: ContainerdRig, side: Side, from: number, to: number): Promise<void> {
  let next = from;
  const workers = Array.from({ length: options.counts.starting }, async () => {
    while (next < to) {
      const network = next++ < BRIDGE_PODS_MAX ? "pod" : "node";
      const pod = await Pod.start(rig, side.handler, { network });
      await pod.startContainer(side.waiting);
    }
  });
  await Promise.all(workers);
}

function measure(rig: ContainerdRig) {
  const processes = readProcesses(rig.listProcesses());
  const [all, containerd] = [sumOf(processes, "pssBytes"), sumOf(processes, "pssBytes", "containerd")];
  const descriptors = sumOf(processes, "descriptors", "containerd");
  return { all, containerd, descriptors, runtime: all - containerd };
}

/** Collectors give back what starting took only after a while: the smaller of figures that are a second apart. */
async function measureAtRest(rig: ContainerdRig) {
  let last = measure(rig);
  return askUntil("memory that no longer shrinks", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = measure(rig);
    const isAtRest = now.runtime > last.runtime * 0.99;
    last = now;
    return isAtRest ? now : undefined;
  });
}

async function measureSide(side: Side, max: number): Promise<readonly Row[]> {
  if (max === 0) return [];
  await using rig = await startBenchRig(options, [side]);
  const rows: Row[] = [];
  let started = 0;
  const before = measure(rig);
  for (const count of COUNTS.filter((one) => one <= max)) {
    await startPods(rig, side, started, count);
    started = count;
    const now = await measureAtRest(rig);
    rows.push({
      what: `${String(count)} pods of ${side.what}`,
      figures: {
        "runtime MB": (now.runtime - before.runtime) / MEBIBYTE,
        "containerd MB": now.containerd / MEBIBYTE,
        "runtime MB a pod": (now.runtime - before.runtime) / MEBIBYTE / count,
        "both MB a pod": (now.all - before.all) / MEBIBYTE / count,
        "containerd's descriptors a pod": (now.descriptors - before.descriptors) / count,
      },
    });
  }
  return rows;
}

/** Runs this file by a copy of Node: pages that this process shared with the runtime's would make those seem smaller. */
function runApart(): number {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
  const node = join(scratch.path, "node");
  copyFileSync(process.execPath, node);
  const words = [...process.execArgv, ...process.argv.slice(1)];
  return spawnSync(node, words, { stdio: "inherit", env: { ...process.env, [APART]: "1" } }).status ?? 1;
}

if (process.env[APART] === undefined) process.exit(runApart());
const { max, sandboxes, runc } = options.counts;
const peer = options.peer === undefined ? [] : await measureSide(sides.peer, runc);
const rows = [
  ...(await measureSide(sides.ours, max)),
  ...(await measureSide(sides.sandboxes, sandboxes)),
  ...(await measureSide(sides.runc, runc)),
  ...peer,
];
printReport({
  bench: `memory of waiting pods, containerd ${options.version}`,
  notes: [
    "goal: at most half of runc's",
    "runtime: shims, guests and what else is not containerd; a pod: what was there before the first is not counted",
    `the network of pods beyond ${String(BRIDGE_PODS_MAX)} is the node's: a bridge has no more ports`,
  ],
  rows,
});
