import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { KwasmError } from "#base";

import { type ProcessFigures, type ProcessRole, sumOf } from "../../e2e/containerd/process-figures.ts";
import { printReport, type Row } from "../measure/report.ts";
import { Cluster } from "./cluster.ts";
import { importImages } from "./images.ts";
import { deploymentOf, idleNative, idleWasm, namespace, namespaceObject, wasmClass } from "./objects.ts";

/**
 * A Deployment of waiting pods under a real kubelet, of ours and of runc's in turns: how long until all are Ready, and
 * what they cost at rest. KUBECONFIG names the cluster; its one node is on this machine and idle otherwise.
 *
 * `--node-pid PID` process 1 of the node · `--counts 50,200` · `--native-max 200` · `--rest-at 200` · `--rest-seconds 30`
 * · `--wait-seconds 240` for a count to be Ready
 */
const { values } = parseArgs({
  options: {
    "node-pid": { type: "string" },
    counts: { type: "string", default: "50,200" },
    "native-max": { type: "string", default: "200" },
    "rest-at": { type: "string", default: "200" },
    "rest-seconds": { type: "string", default: "30" },
    "wait-seconds": { type: "string", default: "240" },
    json: { type: "boolean" },
  },
});
const counts = values.counts.split(",").map(Number);
const [nativeMax, restAt, restSeconds] = [values["native-max"], values["rest-at"], values["rest-seconds"]].map(Number);

/** What kubelet, containerd and the collectors still do after the last pod became Ready is over then. */
const SETTLE_MS = 45_000;
const MEBIBYTE = 1024 * 1024;

const kinds = ["KWasm", "runc"] as const;
type Kind = (typeof kinds)[number];

const deployments = "/apis/apps/v1/namespaces/kwasm-bench/deployments";

function nameOf(kind: Kind): string {
  return kind === "KWasm" ? "wasm" : "native";
}

async function scale(cluster: Cluster, kind: Kind, replicas: number): Promise<number> {
  const name = nameOf(kind);
  const startedMs = performance.now();
  await cluster.kubectl("--namespace", namespace, "scale", `deployment/${name}`, `--replicas=${String(replicas)}`);
  if (replicas === 0) {
    await cluster.kubectl(
      "--namespace",
      namespace,
      "wait",
      "--for=delete",
      "pod",
      `--selector=app=${name}`,
      "--timeout=1200s",
    );
  } else {
    await cluster.waitFor({ path: deployments, name }, ({ status }) => status?.["readyReplicas"] === replicas);
  }
  return (performance.now() - startedMs) / 1000;
}

/** What a node spends while nothing happens, by roles, in milliseconds a second. */
async function measureRest(cluster: Cluster): Promise<Readonly<Record<string, number>>> {
  await sleep(SETTLE_MS);
  const before = new Map(cluster.readProcesses().map((process) => [process.pid, process]));
  await sleep(Number(restSeconds) * 1000);
  const now = cluster.readProcesses();
  const spent = now.flatMap((process): ProcessFigures[] => {
    const earlier = before.get(process.pid);
    return earlier === undefined ? [] : [{ ...process, cpuMs: process.cpuMs - earlier.cpuMs }];
  });
  const cpu = (...roles: readonly ProcessRole[]) => sumOf(spent, "cpuMs", ...roles) / Number(restSeconds);
  const memory = (...roles: readonly ProcessRole[]) => sumOf(now, "pssBytes", ...roles) / MEBIBYTE;
  return {
    "kubelet ms/s": cpu("kubelet"),
    "containerd ms/s": cpu("containerd"),
    "runtime ms/s": cpu("ours", "shim"),
    "all ms/s": cpu("kubelet", "containerd", "ours", "shim"),
    "kubelet MB": memory("kubelet"),
    "containerd MB": memory("containerd"),
    "runtime MB": memory("ours", "shim"),
    "machine MB": machineBytes() / MEBIBYTE,
  };
}

/** What the machine cannot give to others; proc_meminfo(5). */
function machineBytes(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  const [total, available] = ["MemTotal", "MemAvailable"].map((name) =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]),
  );
  return (Number(total) - Number(available)) * 1024;
}

async function measure(cluster: Cluster, kind: Kind, count: number): Promise<readonly Row[]> {
  const machineBefore = machineBytes() / MEBIBYTE;
  const startSeconds = await scale(cluster, kind, count);
  process.stderr.write(`${kind} 0→${String(count)}: Ready after ${startSeconds.toFixed(1)} s\n`);
  const rest = count === restAt ? await measureRest(cluster) : undefined;
  const endSeconds = await scale(cluster, kind, 0);
  // The whole takes many minutes: what was measured is not lost if it is cut short.
  if (rest !== undefined) process.stderr.write(`${kind} at rest: ${JSON.stringify(rest)}\n`);
  const times = { what: `${kind} 0→${String(count)}`, figures: { "Ready s": startSeconds, "gone s": endSeconds } };
  if (rest === undefined) return [times];
  const machine = { "machine MB more": (rest["machine MB"] ?? Number.NaN) - machineBefore };
  return [times, { what: `${kind}, ${String(count)} at rest`, figures: { ...rest, ...machine } }];
}

const nodePid = Number(values["node-pid"]);
if (!Number.isInteger(nodePid)) throw new KwasmError("invalid-argument", 'reading "--node-pid": give a process id');
await using cluster = await Cluster.open(nodePid, Number(values["wait-seconds"]));
await importImages(cluster);
await cluster.apply(namespaceObject, wasmClass);
try {
  const common = { containers: [idleWasm] };
  await cluster.apply(
    deploymentOf("wasm", 0, common),
    deploymentOf("native", 0, { containers: [idleNative], isNative: true }),
  );
  // The first pods of a cluster wait for what the kubelet caches later.
  for (const kind of kinds) for (const count of [2, 0]) await scale(cluster, kind, count);
  const rows: Row[] = [];
  for (const count of counts) {
    const measured = kinds.filter((kind) => kind === "KWasm" || count <= Number(nativeMax));
    for (const kind of measured) {
      rows.push(...(await measure(cluster, kind, count)));
    }
  }
  const notes = [
    "runtime: shims and what is behind them, without native guests",
    "goals: CPU at rest at most a third of runc's, memory at most half",
  ];
  const [starts, rests] = [
    rows.filter(({ figures }) => "Ready s" in figures),
    rows.filter(({ figures }) => "all ms/s" in figures),
  ];
  printReport({ bench: "pods under a kubelet", notes: ["goal: 2 to 3 times faster than runc"], rows: starts });
  if (rests.length > 0) printReport({ bench: "pods under a kubelet, at rest", notes, rows: rests });
} finally {
  await cluster.kubectl("delete", "namespace", namespace, "--wait=true");
}
