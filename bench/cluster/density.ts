import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { printReport, type Row } from "../measure/report.ts";
import { readNodeMemory } from "./node-memory.ts";
import { startProvisioned, wasmClass } from "./provisioned-cluster.ts";

/**
 * As many Wasm pods on one node as ten usual nodes have: how long until all are Ready, and where the node's memory is.
 * The kernel gives a bridge, as CNI makes it, at most 1,023 ports.
 *
 * `--counts 100,500,1000` · `--seconds-max 900` for each step
 */
const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "100,500,1000" },
    "seconds-max": { type: "string", default: "900" },
    json: { type: "boolean" },
  },
});
const counts = values.counts.split(",").map(Number);
/** What kubelet and containerd still do after the last pod became Ready is over then. */
const SETTLE_MS = 15_000;
/** Those of the system. */
const OTHER_PODS = 10;

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: many}
spec:
  replicas: 0
  progressDeadlineSeconds: 3600
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      runtimeClassName: ${wasmClass}
      enableServiceLinks: false
      terminationGracePeriodSeconds: 1
      containers:
      - name: hello
        image: localhost/hello:v1
        command: ["/"]
        ports: [{name: http, containerPort: 8080}]
        resources: {limits: {memory: 32Mi}, requests: {cpu: 0, memory: 8Mi}}
`;

await using cluster = await startProvisioned({ podsMax: Math.max(...counts) + OTHER_PODS });
await cluster.kubectl("create", "namespace", "many");
await cluster.apply(deployment);

/** Seconds until so many pods are Ready, or all of them are gone. */
async function scale(replicas: number): Promise<number> {
  const startedMs = performance.now();
  const place = ["--namespace=many", `--timeout=${values["seconds-max"]}s`];
  await cluster.kubectl("--namespace=many", "scale", "deployment/hello", `--replicas=${replicas}`);
  const ready = `--for=jsonpath={.status.readyReplicas}=${replicas}`;
  const awaited = replicas === 0 ? ["pods", "--all", "--for=delete"] : ["deployment/hello", ready];
  await cluster.kubectl("wait", ...awaited, ...place);
  return (performance.now() - startedMs) / 1000;
}

await scale(2);
await scale(0);
const rows: Row[] = [{ what: "no Wasm pod", figures: readNodeMemory(cluster) }];
for (const [index, count] of counts.entries()) {
  const seconds = await scale(count);
  process.stderr.write(`${counts[index - 1] ?? 0}→${count}: Ready after ${seconds.toFixed(1)} s\n`);
  await sleep(SETTLE_MS);
  rows.push({
    what: `${counts[index - 1] ?? 0}→${count}`,
    figures: { "Ready s": seconds, ...readNodeMemory(cluster) },
  });
}
printReport({
  bench: "Wasm pods on one node",
  notes: ["MiB of proportional set sizes; anonymous and files are what the kernel counts for the whole node"],
  rows,
});
process.stderr.write(`all gone after ${(await scale(0)).toFixed(1)} s\n`);
