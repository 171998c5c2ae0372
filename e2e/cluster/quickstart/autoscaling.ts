import assert from "node:assert/strict";

import { askUntil } from "../../containerd/ask-until.ts";
import type { Cluster } from "../cluster.ts";
import { execute } from "./first-steps.ts";

/** Millicores that a guest asks for: it uses more than half of them as soon as it answers many requests in a row. */
const CPU_REQUEST = "10m";

const autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: busy}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: busy}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      runtimeClassName: wasmtime
      containers:
      - name: hello
        image: hello:v1
        command: ["/"]
        ports: [{containerPort: 8080}]
        resources: {requests: {cpu: ${CPU_REQUEST}}}
---
apiVersion: v1
kind: Service
metadata: {name: busy}
spec:
  selector: {app: busy}
  ports: [{port: 80, targetPort: 8080}]
`;

function waitForReplicas(cluster: Cluster, count: number): Promise<string> {
  return cluster.kubectl(
    "wait",
    "deployment/busy",
    `--for=jsonpath={.status.readyReplicas}=${count}`,
    "--timeout=180s",
  );
}

/** A Wasm Deployment grows while it is asked, and shrinks when nobody asks. */
export async function scaleByLoad(cluster: Cluster): Promise<void> {
  await cluster.apply(autoscaler);
  await cluster.kubectl("rollout", "status", "deployment/busy", "--timeout=180s");
  const address = await cluster.kubectl("get", "service/busy", "-o=jsonpath={.spec.clusterIP}");
  const ask = `until [ -e /tmp/enough ]; do busybox wget -q -O /dev/null http://${address}; done`;
  await execute(cluster, "client", `rm -f /tmp/enough; (${ask}) >/dev/null 2>&1 </dev/null &`);
  await waitForReplicas(cluster, 3);
  await execute(cluster, "client", "busybox touch /tmp/enough");
  await waitForReplicas(cluster, 1);
  await cluster.kubectl("delete", "hpa,deployment,service", "busy", "--timeout=180s");
}

/** Every container has figures as soon as it was seen twice. */
export async function showUsage(cluster: Cluster): Promise<void> {
  const words = [
    "get",
    "podmetrics",
    "--selector=app=hello-wasm",
    "-o=jsonpath={.items[*].containers[*].usage.memory}",
  ];
  await askUntil("figures of three pods", async () => {
    const usage = await cluster.kubectl(...words);
    return /^[1-9]\S* [1-9]\S* [1-9]\S*$/u.test(usage) || undefined;
  });
  const pods = await cluster.kubectl("top", "pods", "--selector=app=hello-wasm", "--containers");
  assert.match(pods, /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(?:hello-wasm-\S+ +hello +\d+m +\d+Mi *\n){3}$/u);
  assert.match(await cluster.kubectl("top", "nodes"), /^node-1 +\d+m +\d+% +\d+Mi +\d+% *$/mu);
}
