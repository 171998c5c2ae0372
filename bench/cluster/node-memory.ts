import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Cluster } from "../../e2e/cluster/cluster.ts";
import { type ProcessFigures, readProcesses, sumOf } from "../../e2e/containerd/process-figures.ts";
import { descendantsOf } from "../measure/process-tree.ts";

const MEBIBYTE = 1024 * 1024;

/** The parts of a node, each by what is in the command of its processes; the first that fits counts. */
const parts = {
  cells: /\/cell\.js\b/,
  "keeper and control": /\/(?:keeper|shim)\.js\b/,
  operator: /\/operator\.js\b/,
  kubelet: /\/kubelet /,
  containerd: /^containerd$/,
  "kube-proxy": /\/kube-proxy /,
  "runc's shims": /containerd-shim-runc-v2/,
  others: /(?:)/,
} as const;

type Part = keyof typeof parts;

/** The proportional set sizes of the parts of node 1 in MiB, and what the kernel counts for the whole node. */
export function readNodeMemory(cluster: Cluster): Readonly<Record<string, number>> {
  const processes = readProcesses(descendantsOf(cluster.node(1).pid));
  const byPart = Object.groupBy(processes, partOf);
  const figures = (Object.keys(parts) as Part[]).map((part): [string, number] => {
    return [part, sumOf(byPart[part] ?? [], "pssBytes") / MEBIBYTE];
  });
  return Object.fromEntries([...figures, ...readCounted(cluster)]);
}

function partOf({ command }: ProcessFigures): Part {
  // The last pattern fits all.
  return (Object.keys(parts) as Part[]).find((part) => parts[part].test(command)) ?? "others";
}

/** What the kernel counts for the node's cgroup: anonymous pages are processes', files' pages are given back in need. */
function readCounted(cluster: Cluster): readonly [string, number][] {
  const cgroups = readFileSync(join(cluster.directory, "cgroups"), "utf8").trimEnd().split("\n");
  const statistics = cgroups.map((path) => join(path, "node-1/memory.stat")).find(existsSync);
  if (statistics === undefined) return [];
  const text = readFileSync(statistics, "utf8");
  const read = (...names: readonly string[]): number => {
    const found = names.flatMap((name) => new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? []);
    return Number(found[0]) / MEBIBYTE;
  };
  // The names of cgroup v1, which counts what is below apart, and those of v2.
  return [
    ["anonymous", read("total_rss", "anon")],
    ["files", read("total_cache", "file")],
  ];
}
