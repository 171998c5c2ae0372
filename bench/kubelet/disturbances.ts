import { setTimeout as sleep } from "node:timers/promises";

import { KwasmError } from "#base";

import type { Cluster, KubeObject } from "./cluster.ts";
import { deploymentOf, idleWasm, namespace } from "./objects.ts";
import { type Check, statusesOf } from "./pod-checks.ts";

/** How long control is stopped. */
const STOP_MS = 40_000;
/** The metrics of the node are to answer again after so long. */
const METRICS_MS_MAX = 3_000;
/** What a kill broke has shown in the API after so long. */
const CALM_MS = 8_000;
/** 500 pods need more than a minute for it. */
const RECOVERY_MS_MAX = 240_000;
const ASK_AGAIN_MS = 200;
/** A question to the kubelet that has no answer by then counts as hanging. */
const QUESTION_MS_MAX = 1_000;

const folder = "/run/containerd/containerd.sock.kwasm";

/** The process that answers containerd: the one in front of it keeps its own number in the other file. */
const controlPid = `$(cut -d' ' -f1 ${folder}/control.pid 2>/dev/null || cut -d' ' -f1 ${folder}/pid)`;
const keeperPid = `$(cut -d' ' -f1 ${folder}/pid)`;

/** What is done to the processes of a node while so many pods run. */
export function disturbances(pods: number): readonly Check[] {
  return [
    {
      what: `control is killed under ${String(pods)} pods`,
      run: (cluster) => disturb(cluster, pods, `kill -KILL ${controlPid}`),
    },
    {
      what: `containerd is killed under ${String(pods)} pods`,
      run: (cluster) => disturb(cluster, pods, "kill -KILL $(pidof containerd)"),
    },
    { what: `control is stopped under ${String(pods)} pods`, run: (cluster) => stopControl(cluster, pods) },
    {
      what: `the keeper is killed under ${String(pods)} pods, which start anew`,
      run: (cluster) => killKeeper(cluster, pods),
    },
  ];
}

const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;

async function startPods(cluster: Cluster, count: number): Promise<void> {
  await cluster.apply(deploymentOf("idle", count, { containers: [idleWasm] }));
  await cluster.waitFor({ path, name: "idle" }, ({ status }) => status?.["readyReplicas"] === count);
}

async function listPods(cluster: Cluster): Promise<readonly KubeObject[]> {
  const { items } = (await cluster.get(`/api/v1/namespaces/${namespace}/pods`)) as {
    readonly items: readonly KubeObject[];
  };
  return items;
}

/** The ids of the tasks that containerd says are running, which the kubelet learns later. */
async function listTasks(cluster: Cluster): Promise<ReadonlySet<string>> {
  const lines = (await cluster.onNode("ctr", "--namespace", "k8s.io", "tasks", "list")).split("\n");
  return new Set(lines.flatMap((line) => /^(\S+) +\d+ +RUNNING/.exec(line)?.[1] ?? []));
}

/** Says what differs from pods that noticed nothing: the same names and addresses, and no restart. */
function describeChange(before: readonly KubeObject[], now: readonly KubeObject[]): string | undefined {
  const addresses = new Map(before.map(({ metadata, status }) => [metadata.name, status?.["podIP"]]));
  const restarts = now.reduce(
    (sum, pod) => sum + statusesOf(pod).reduce((all, { restartCount }) => all + restartCount, 0),
    0,
  );
  const moved = now.filter(({ metadata, status }) => addresses.get(metadata.name) !== status?.["podIP"]).length;
  if (restarts === 0 && moved === 0 && now.length === before.length) return undefined;
  return `of ${String(before.length)} pods ${String(now.length)} are there, ${String(moved)} have other addresses, ${String(restarts)} restarts`;
}

/** Runs a command on the node that the pods are not to notice. */
async function disturb(cluster: Cluster, count: number, script: string): Promise<string> {
  await startPods(cluster, count);
  const [before, tasks] = [await listPods(cluster), await listTasks(cluster)];
  await cluster.onNode("sh", "-c", script);
  await sleep(CALM_MS);
  const lost = tasks.difference(await listTasks(cluster)).size;
  if (lost > 0) throw new KwasmError("failed-precondition", `${String(lost)} of ${tasks.size} tasks have ended`);
  const change = describeChange(before, await listPods(cluster));
  if (change !== undefined) throw new KwasmError("failed-precondition", change);
  return "no restart, all addresses kept";
}

async function stopControl(cluster: Cluster, count: number): Promise<string> {
  await startPods(cluster, count);
  const before = await listPods(cluster);
  const node = (await cluster.kubectl("get", "nodes", "--output=jsonpath={.items[0].metadata.name}")).trim();
  const pid = (await cluster.onNode("sh", "-c", `pid=${controlPid}; kill -STOP $pid; echo $pid`)).trim();
  const stoppedMs = performance.now();
  try {
    const took = await Promise.all(
      ["stats/summary", "metrics/resource"].map(async (page) => {
        const url = `/api/v1/nodes/${node}/proxy/${page}`;
        while (performance.now() - stoppedMs < STOP_MS && !(await answers(cluster, url))) await sleep(100);
        return Math.round(performance.now() - stoppedMs);
      }),
    );
    await sleep(Math.max(0, STOP_MS - (performance.now() - stoppedMs)));
    const change = describeChange(before, await listPods(cluster));
    const seen = `/stats/summary answered after ${String(took[0])} ms, /metrics/resource after ${String(took[1])} ms`;
    if (change === undefined && Math.max(...took) <= METRICS_MS_MAX) return `${seen}, no restart`;
    throw new KwasmError("failed-precondition", `${seen}; ${change ?? "no restart"}`);
  } finally {
    // Where nobody replaced it, it goes on; where somebody did, its number is nobody's.
    await cluster.onNode("sh", "-c", `kill -CONT ${pid} 2>/dev/null || true`);
  }
}

async function answers(cluster: Cluster, url: string): Promise<boolean> {
  try {
    await cluster.getText(url, AbortSignal.timeout(QUESTION_MS_MAX));
    return true;
  } catch {
    // No answer, or one that says that there is none.
    return false;
  }
}

async function killKeeper(cluster: Cluster, count: number): Promise<string> {
  const others = await listTasks(cluster);
  await startPods(cluster, count);
  const killed = (await listTasks(cluster)).difference(others);
  await cluster.onNode("sh", "-c", `kill -KILL ${keeperPid}`);
  const startedMs = performance.now();
  for (; performance.now() - startedMs < RECOVERY_MS_MAX; await sleep(ASK_AGAIN_MS)) {
    const now = (await listTasks(cluster)).difference(others);
    if (now.size < killed.size || now.intersection(killed).size > 0) continue;
    await cluster.waitFor({ path, name: "idle" }, ({ status }) => status?.["readyReplicas"] === count);
    return `all run again after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  }
  const left = (await listTasks(cluster)).difference(others);
  const kept = left.intersection(killed).size;
  throw new KwasmError(
    "failed-precondition",
    `of ${String(killed.size)} tasks ${String(kept)} are as before, ${String(left.size - kept)} are new`,
  );
}
