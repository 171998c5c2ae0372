import { parseArgs } from "node:util";

import { printReport } from "../measure/report.ts";
import { readNodeMemory } from "./node-memory.ts";
import { startProvisioned, wasmClass } from "./provisioned-cluster.ts";

/**
 * Many Deployments of one pod on a small node: how long until all are Ready, and where the node's memory is. The node's
 * cgroup has the limit, so the kernel ends processes of a node that needs more.
 *
 * `--deployments 50` · `--mebibytes 4096` of the node · `--limit 32Mi` of each pod
 */
const { values } = parseArgs({
  options: {
    deployments: { type: "string", default: "50" },
    mebibytes: { type: "string", default: "4096" },
    limit: { type: "string", default: "32Mi" },
    json: { type: "boolean" },
  },
});
const count = Number(values.deployments);

function deployment(name: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: many}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      runtimeClassName: ${wasmClass}
      containers:
      - name: hello
        image: localhost/hello:v1
        command: ["/"]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: http}}
        resources: {limits: {memory: ${values.limit}}}
`;
}

await using cluster = await startProvisioned({ nodeMebibytes: Number(values.mebibytes) });
await cluster.kubectl("create", "namespace", "many");
const before = readNodeMemory(cluster);
const startedMs = performance.now();
await cluster.apply(Array.from({ length: count }, (_, index) => deployment(`hello-${index}`)).join("---"));
const appliedMs = performance.now();
await cluster.kubectl(
  "--namespace=many",
  "wait",
  "deployments",
  "--all",
  "--for=condition=Available",
  "--timeout=300s",
);
const readyMs = performance.now();
const restarts = await cluster.kubectl(
  "--namespace=many",
  "get",
  "pods",
  "--output=jsonpath={.items[*].status.containerStatuses[*].restartCount}",
);
printReport({
  bench: `${count} Deployments with ${values.limit} on a node of ${values.mebibytes} MiB`,
  notes: [
    `all Ready ${((readyMs - startedMs) / 1000).toFixed(1)} s after the first was given to the API server, of which ` +
      `${((appliedMs - startedMs) / 1000).toFixed(1)} s are kubectl's`,
    `restarts of the pods: ${[...new Set(restarts.split(" "))].join(", ")}`,
    "MiB of proportional set sizes; anonymous and files are what the kernel counts for the whole node",
  ],
  rows: [
    { what: "no Wasm pod yet", figures: before },
    { what: `${count} Deployments`, figures: readNodeMemory(cluster) },
  ],
});
