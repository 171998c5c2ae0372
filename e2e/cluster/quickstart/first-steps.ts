import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { nativeImage } from "../../containerd/native-image.ts";
import type { Cluster } from "../cluster.ts";

const tree = join(import.meta.dirname, "../../..");
const app = "--selector=app=hello-wasm";

/** So many requests, each balanced anew, miss one of three pods once in ten thousand million times. */
const REQUESTS = 60;

/** The commands of the quickstart in docs/guide/kubernetes.md, one after the other: nobody waits for the nodes. */
export async function install(cluster: Cluster): Promise<void> {
  const chart = join(tree, "charts/kwasm-operator");
  await cluster.helm("install", "-n", "kwasm", "--create-namespace", "kwasm-operator", chart);
  await cluster.kubectl("annotate", "node", "--all", "kwasm.sh/kwasm-node=true");
  await cluster.kubectl("apply", "-f", join(tree, "examples/quickstart/quickstart.yaml"));
  await cluster.kubectl("rollout", "status", "deployment/hello-wasm", "--timeout=180s");
  await waitUntilProvisioned(cluster, "--all");
  const nodes = await cluster.kubectl("get", "nodes", "-L", "kwasm.sh/kwasm-provisioned,kwasm.sh/ready");
  assert.match(nodes, /\n(?:(node-\d) +Ready .* \1 +true\n){2}$/u);
  await startClient(cluster, "node-1");
}

export async function waitUntilProvisioned(cluster: Cluster, ...nodes: readonly string[]): Promise<void> {
  const isReady = "--for=jsonpath={.metadata.labels.kwasm\\.sh/ready}=true";
  await cluster.kubectl("wait", "node", ...nodes, isReady, "--timeout=180s");
}

async function listPods(cluster: Cluster, selector: string): Promise<readonly string[]> {
  const names = await cluster.kubectl("get", "pods", selector, "--output=name");
  return names.trim().split("\n");
}

export async function look(cluster: Cluster): Promise<void> {
  assert.match(
    await cluster.kubectl("get", "pods", app),
    /^NAME +READY +STATUS +RESTARTS +AGE\n(?:hello-wasm-\w+-\w+ +1\/1 +Running +0 +\w+\n){3}$/u,
  );
  const [pod = ""] = await listPods(cluster, app);
  const described = await cluster.kubectl("describe", pod);
  assert.match(described, /^Runtime Class Name: +wasmtime$/mu);
  assert.match(described, /Normal +Started .* Started container hello$/mu);
  assert.match(await cluster.kubectl("logs", pod), /^hello: serving\nGET \/healthz 200\n/u);
  const all = await cluster.kubectl("logs", "deployment/hello-wasm", "--all-pods");
  assert.equal(new Set(all.match(/^\[pod\/\S+\/hello\]/gmu)).size, 3);
}

export async function forwardPort(cluster: Cluster): Promise<void> {
  const answer = await askForwarded(cluster, { pods: "deployment/hello-wasm", port: "http", path: "/" });
  assert.match(answer, /^Hello from hello-wasm-\w+-\w+\n$/u);
}

interface ForwardedRequest {
  /** As `kubectl port-forward` takes it. */
  readonly pods: string;
  readonly port: string;
  readonly path: string;
}

/** Asks one of the pods by `kubectl port-forward`, and returns the body of its answer. */
export async function askForwarded(cluster: Cluster, { pods, port, path }: ForwardedRequest): Promise<string> {
  const forwarding = spawn(join(cluster.clients, "kubectl"), ["port-forward", pods, `:${port}`], {
    env: cluster.clientEnv,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    // An event's arguments are those of its documentation.
    const [line] = (await once(createInterface(forwarding.stdout), "line")) as [string];
    const [, address = ""] = /^Forwarding from (127\.0\.0\.1:\d+) -> \d+$/u.exec(line) ?? [];
    const answer = await fetch(`http://${address}${path}`);
    return await answer.text();
  } finally {
    forwarding.kill();
    await once(forwarding, "exit");
  }
}

/** A container of the cluster that stays, for requests from within. */
async function startClient(cluster: Cluster, node: string): Promise<void> {
  const overrides = JSON.stringify({ apiVersion: "v1", spec: { nodeName: node, terminationGracePeriodSeconds: 0 } });
  const words = ["--restart=Never", `--overrides=${overrides}`, "--", "sleep", "infinity"];
  await cluster.kubectl("run", "client", `--image=${nativeImage}`, ...words);
  await cluster.kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=180s");
}

/** Runs a script of busybox's shell in a pod's first container, or in another one that is named. */
export function execute(cluster: Cluster, pod: string, script: string, container?: string): Promise<string> {
  const chosen = container === undefined ? [] : [`--container=${container}`];
  return cluster.kubectl("exec", pod, ...chosen, "--", "/bin/busybox", "sh", "-c", script);
}

export async function askByName(cluster: Cluster): Promise<void> {
  const loop = `for i in $(busybox seq ${REQUESTS}); do busybox wget -q -O - http://hello-wasm; done`;
  const answers = await execute(cluster, "client", loop);
  const pods = await listPods(cluster, app);
  const greetings = pods.map((pod) => pod.replace("pod/", "Hello from "));
  assert.deepEqual([...new Set(answers.trim().split("\n"))].toSorted(), greetings.toSorted());
}

/** A component in a pod of its own, which asks once and prints the answer. */
export async function askFromWasm(cluster: Cluster): Promise<void> {
  const overrides = JSON.stringify({ apiVersion: "v1", spec: { runtimeClassName: "wasmtime" } });
  const granted = "--annotations=kwasm.sh/allowed-outbound-hosts=hello-wasm:80";
  for (const [name, annotations] of Object.entries({ asker: [granted], denied: [] })) {
    const words = ["--restart=Never", `--overrides=${overrides}`, ...annotations];
    await cluster.kubectl("run", name, "--image=client:v1", ...words);
  }
  await cluster.kubectl("wait", "pod/asker", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s");
  await cluster.kubectl("wait", "pod/denied", "--for=jsonpath={.status.phase}=Failed", "--timeout=180s");
  assert.match(await cluster.kubectl("logs", "asker"), /^HTTP\/1\.[01] 200 [^]*\nHello from hello-wasm-\w+-\w+\n$/u);
  await cluster.kubectl("delete", "pod", "asker", "denied", "--timeout=180s");
}

export async function deletePod(cluster: Cluster): Promise<void> {
  const [pod = "", ...others] = await listPods(cluster, app);
  await cluster.kubectl("delete", pod, "--timeout=180s");
  await cluster.kubectl("rollout", "status", "deployment/hello-wasm", "--timeout=180s");
  const after = await listPods(cluster, app);
  assert.equal(after.length, 3);
  assert.ok(!after.includes(pod) && others.every((other) => after.includes(other)));
}
