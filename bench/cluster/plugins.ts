import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";

import { printReport, type Row } from "../measure/report.ts";
import { quantile } from "../measure/statistics.ts";
import { startProvisioned, wasmClass } from "./provisioned-cluster.ts";

/**
 * Plugins of customers, each a pod with 8Mi, that take all memory, never give the processor back, or write without end:
 * what neighbours of another namespace on the same node answer meanwhile, and how the plugins end.
 *
 * `--each 3` pods of each plugin · `--seconds 30` of requests · `--rounds 2` with and without plugins
 */
const { values } = parseArgs({
  options: {
    each: { type: "string", default: "3" },
    seconds: { type: "string", default: "30" },
    rounds: { type: "string", default: "2" },
    json: { type: "boolean" },
  },
});
const execute = promisify(execFile);
const plugins = ["hog", "spinner", "flooder"] as const;

const neighbours = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: neighbours}
spec:
  replicas: 3
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      runtimeClassName: ${wasmClass}
      containers:
      - name: hello
        image: localhost/hello:v1
        command: ["/"]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: http}}
        livenessProbe: {httpGet: {path: /healthz, port: http}}
        resources: {limits: {memory: 32Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: neighbours}
spec:
  selector: {app: hello}
  ports: [{port: 80, targetPort: http}]
`;

function pluginPod(kind: string, index: number): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${kind}-${index}, namespace: plugins, labels: {plugin: ${kind}}}
spec:
  runtimeClassName: ${wasmClass}
  terminationGracePeriodSeconds: 1
  containers: [{name: plugin, image: "localhost/${kind}:v1", resources: {limits: {memory: 8Mi}}}]
`;
}

const SERVICE_TRIES_MAX = 60;

await using cluster = await startProvisioned({});
for (const name of ["neighbours", "plugins"]) await cluster.kubectl("create", "namespace", name);
await cluster.apply(neighbours);
await cluster.kubectl("--namespace=neighbours", "rollout", "status", "deployment/hello", "--timeout=120s");
const address = await cluster.kubectl("-n=neighbours", "get", "svc/hello", "--output=jsonpath={.spec.clusterIP}");
const requests = join(import.meta.dirname, "requests-main.ts");

await waitForService();
const rows: Row[] = [];
const ends = new Map<string, number>();
for (let round = 0; round < Number(values.rounds); round += 1) {
  rows.push(await measure("alone"));
  await startPlugins();
  rows.push(await measure("beside plugins"));
  await countEnds();
  await cluster.kubectl("--namespace=plugins", "delete", "pods", "--all", "--timeout=120s");
}
printReport({
  bench: "requests to neighbours of plugins that misbehave",
  notes: [
    `${values.each} pods with 8Mi of each plugin: ${plugins.join(", ")}; three neighbours behind a Service`,
    "ms from connecting to the end of the answer; failed: no answer within 5 s",
    ...[...ends].map(([end, count]) => `${end}: ${count} pods`),
  ],
  rows,
});

/** kube-proxy hears of a Service's pods after they are Ready; until then the node refuses who asks for it. */
async function waitForService(): Promise<void> {
  for (let tries = 0; tries < SERVICE_TRIES_MAX; tries += 1) {
    if (!(await askFor("1")).includes(null)) return;
  }
  throw new Error(`the neighbours' Service does not answer after ${SERVICE_TRIES_MAX} s`);
}

/**
 * What each answer took, null where there was none. From the network of the node, as the node's own processes and those of
 * other pods ask.
 */
async function askFor(seconds: string): Promise<readonly (number | null)[]> {
  const place = ["--target", String(cluster.node(1).pid), "--net", "--"];
  const { stdout } = await execute("nsenter", [...place, process.execPath, requests, `http://${address}/`, seconds]);
  // An array of numbers, for which JSON has null where they are none.
  return JSON.parse(stdout) as readonly (number | null)[];
}

async function measure(what: string): Promise<Row> {
  const answers = await askFor(values.seconds);
  const times = answers.filter((time) => time !== null);
  const figures = {
    requests: answers.length,
    failed: answers.length - times.length,
    "p50 ms": quantile(times, 0.5),
    "p99 ms": quantile(times, 0.99),
    "max ms": Math.max(...times),
    "neighbours' restarts": await countRestarts(),
  };
  process.stderr.write(`${what}: ${JSON.stringify(figures)}\n`);
  return { what, figures };
}

/** Resolves when containerd has started each of them once. */
async function startPlugins(): Promise<void> {
  const pods = plugins.flatMap((kind) => Array.from({ length: Number(values.each) }, (_, one) => pluginPod(kind, one)));
  await cluster.apply(pods.join("---"));
  const started = "--for=jsonpath={.status.containerStatuses[0].containerID}";
  await cluster.kubectl("--namespace=plugins", "wait", "pods", "--all", started, "--timeout=120s");
}

async function countRestarts(): Promise<number> {
  const output = "--output=jsonpath={.items[*].status.containerStatuses[0].restartCount}";
  const counts = await cluster.kubectl("--namespace=neighbours", "get", "pods", output);
  return counts.split(" ").reduce((sum, count) => sum + Number(count), 0);
}

/** Adds how each plugin is or was, with the last end of those that have been started again. */
async function countEnds(): Promise<void> {
  const [status, end] = ["{.status.containerStatuses[0]", ".lastState.terminated"];
  const line = `{.metadata.labels.plugin} {"ended by"} ${status}${end}.reason} ${status}${end}.exitCode}{"\\n"}`;
  const output = `--output=jsonpath={range .items[*]}${line}{end}`;
  const printed = await cluster.kubectl("--namespace=plugins", "get", "pods", output);
  for (const one of printed.split("\n").map((text) => text.trim())) {
    if (one === "") continue;
    const how = one.endsWith("ended by") ? one.replace("ended by", "has not ended") : one;
    ends.set(how, (ends.get(how) ?? 0) + 1);
  }
}
