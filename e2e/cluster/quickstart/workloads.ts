import assert from "node:assert/strict";
import { join } from "node:path";

import { askUntil } from "../../containerd/ask-until.ts";
import type { Cluster } from "../cluster.ts";
import { execute } from "./first-steps.ts";

const manifest = join(import.meta.dirname, "workloads.yaml");

/** node-2 is for few while they start. */
async function startWorkloads(cluster: Cluster): Promise<void> {
  await cluster.kubectl("taint", "node", "node-2", "dedicated=few:NoSchedule");
  await cluster.kubectl("apply", "-f", manifest);
}

async function waitFor(cluster: Cluster, object: string, condition: string): Promise<void> {
  await cluster.kubectl("wait", object, `--for=${condition}`, "--timeout=180s");
}

export async function readVolumes(cluster: Cluster): Promise<void> {
  await startWorkloads(cluster);
  await waitFor(cluster, "pod/reader", "jsonpath={.status.phase}=Succeeded");
  const lines = [
    "read /settings/color: blue",
    "read /key/word: open",
    "list /all: color labels token word",
    'read /all/labels: team="red"',
    "env COLOR: blue",
    "env WORD: open",
    "write /settings/color: Read-only file system",
    "read /etc/resolv.conf: search default.svc.cluster.local svc.cluster.local cluster.local",
    "nameserver 10.96.0.10",
  ];
  assert.deepEqual((await cluster.kubectl("logs", "reader")).split("\n").slice(0, lines.length), lines);
}

export async function runJobs(cluster: Cluster): Promise<void> {
  await waitFor(cluster, "job/three", "condition=Complete");
  const logs = await cluster.kubectl("logs", "--selector=job-name=three");
  assert.deepEqual(
    logs.trim().split("\n").toSorted(),
    [0, 1, 2].map((index) => `env JOB_COMPLETION_INDEX: ${index}`),
  );
  await waitFor(cluster, "job/fails", "condition=Failed");
  const exitCode = "-o=jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}";
  assert.equal(await cluster.kubectl("get", "pods", "--selector=job-name=fails", exitCode), "3");
}

/** Its first time is the next full minute. */
export async function waitForCronJob(cluster: Cluster): Promise<void> {
  await waitFor(cluster, "cronjob/clock", "jsonpath={.status.lastSuccessfulTime}");
  assert.match(await cluster.kubectl("get", "jobs"), /^clock-\d+ +Complete +1\/1 /mu);
}

export async function tolerate(cluster: Cluster): Promise<void> {
  for (const [name, nodes] of [
    ["everywhere", "node-1 node-2"],
    ["untainted", "node-1"],
  ] as const) {
    await cluster.kubectl("rollout", "status", `daemonset/${name}`, "--timeout=180s");
    const names = "-o=jsonpath={.items[*].spec.nodeName}";
    const found = await cluster.kubectl("get", "pods", `--selector=app=${name}`, names);
    assert.equal(found.split(" ").toSorted().join(" "), nodes);
  }
  await cluster.kubectl("taint", "node", "node-2", "dedicated-");
}

export async function mixContainers(cluster: Cluster): Promise<void> {
  await waitFor(cluster, "pod/staged", "condition=Ready");
  assert.equal(await cluster.kubectl("logs", "staged", "-c=reader"), "read /shared/text: by Wasm, then native\n\n");
  const fromSidecar = await execute(cluster, "staged", "busybox wget -q -O - http://127.0.0.1:8080", "sidecar");
  assert.equal(fromSidecar, "Hello from staged\n");
  // Guests themselves cannot connect to others; what is beside them in their pod can, by name.
  const byName = await execute(cluster, "staged", "busybox wget -q -O - http://hello-wasm", "sidecar");
  assert.match(byName, /^Hello from \S+\n$/u);
}

export async function probe(cluster: Cluster): Promise<void> {
  await askUntil("a failed readiness probe", async () => {
    const text = await cluster.kubectl("describe", "pod/unready");
    return /Readiness probe failed: HTTP probe failed with statuscode: 404/u.test(text) || undefined;
  });
  assert.match(await cluster.kubectl("get", "pod/unready"), /\nunready +0\/1 +Running +0 /u);
  await askUntil("a restart after failed liveness probes", async () => {
    const restarts = await cluster.kubectl("get", "pod/ill", "-o=jsonpath={.status.containerStatuses[0].restartCount}");
    return Number(restarts) > 0 || undefined;
  });
  assert.match(
    await cluster.kubectl("describe", "pod/ill"),
    /Container hello failed liveness probe, will be restarted/u,
  );
  const restarts = "-o=jsonpath={.items[*].status.containerStatuses[0].restartCount}";
  assert.equal(await cluster.kubectl("get", "pods", "--selector=app=everywhere", restarts), "0 0");
}

/** Deletes the workloads, all of which end. */
export async function endWorkloads(cluster: Cluster): Promise<void> {
  await cluster.kubectl("delete", "-f", manifest, "--timeout=180s");
}
