import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { askUntil } from "../../containerd/ask-until.ts";
import type { Cluster } from "../cluster.ts";
import { nextInstaller, publishNextInstaller } from "../next-installer.ts";
import { execute, waitUntilProvisioned } from "./first-steps.ts";

const tree = join(import.meta.dirname, "../../..");
const chart = join(tree, "charts/kwasm-operator");

const run = promisify(execFile);

/** A node is cleaned in seconds, one after the other. */
const REMOVAL_MS_MAX = 180_000;

/** A class of the operator's, which selects the nodes that are ready. */
const placed = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: placed}
spec:
  replicas: 4
  selector: {matchLabels: {app: placed}}
  template:
    metadata: {labels: {app: placed}}
    spec:
      runtimeClassName: kwasm
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: placed}}}
      containers:
      - {name: hello, image: "hello:v1", command: ["/"], ports: [{containerPort: 8080}]}
`;

const stateOfPods = [
  "--selector=app=hello-wasm",
  "-o=custom-columns=:metadata.uid,:status.containerStatuses[0].restartCount,:status.containerStatuses[0].containerID",
] as const;

/** All that an installer may write to on a node, file by file with their content's digests. */
export function readNodeFiles(cluster: Cluster, number: number): Promise<string> {
  const script = "find /etc/containerd /opt -type f -not -path '/opt/cni/*' -exec sha256sum {} + | sort";
  return cluster.node(number).run("sh", "-c", script);
}

async function nodesOfPlaced(cluster: Cluster): Promise<string> {
  await cluster.kubectl("rollout", "status", "deployment/placed", "--timeout=180s");
  const words = ["get", "pods", "--selector=app=placed", "-o=jsonpath={.items[*].spec.nodeName}"];
  return [...new Set((await cluster.kubectl(...words)).split(" "))].toSorted().join(" ");
}

/** Takes the annotation from node-2, whose files were `filesBefore` before it had it. */
export async function cleanNode(cluster: Cluster, filesBefore: string): Promise<void> {
  assert.notEqual(await readNodeFiles(cluster, 2), filesBefore);
  // What still runs keeps its runtime on the node.
  await cluster.kubectl("drain", "node-2", "--ignore-daemonsets", "--force", "--timeout=180s");
  await cluster.kubectl("annotate", "node", "node-2", "kwasm.sh/kwasm-node-");
  await askUntil("a node that the operator is done with", async () => {
    const node = await cluster.kubectl("get", "node/node-2", "--output=yaml");
    return node.includes("kwasm.sh/") ? undefined : true;
  });
  assert.equal(await readNodeFiles(cluster, 2), filesBefore);
  await cluster.kubectl("uncordon", "node-2");
}

export async function placePods(cluster: Cluster): Promise<void> {
  await cluster.apply(placed);
  assert.equal(await nodesOfPlaced(cluster), "node-1");
}

/** node-2 is gone as by a power cut, and another machine has its name and nothing of its disk. */
export async function replaceNode(cluster: Cluster): Promise<void> {
  await cluster.kubectl("annotate", "node", "node-2", "kwasm.sh/kwasm-node=true");
  await waitUntilProvisioned(cluster, "node-2");
  await cluster.node(2).stop();
  await cluster.kubectl("delete", "node", "node-2");
  await cluster.startNode(2);
  await cluster.kubectl("annotate", "node", "node-2", "kwasm.sh/kwasm-node=true");
  await waitUntilProvisioned(cluster, "node-2");
  await cluster.kubectl("rollout", "restart", "deployment/placed");
  assert.equal(await nodesOfPlaced(cluster), "node-1 node-2");
}

/** Changes the runtime of all nodes while a Service of Wasm pods is asked, all the time. */
export async function renewRuntime(cluster: Cluster): Promise<void> {
  const version = await publishNextInstaller(cluster);
  const ask = "busybox wget -q -O - http://$HELLO_WASM_SERVICE_HOST || echo failed";
  await execute(cluster, "client", `(until [ -e /tmp/stop ]; do ${ask}; done) >/tmp/answers 2>&1 </dev/null &`);
  const before = await cluster.kubectl("get", "pods", ...stateOfPods);
  const change = ["--reuse-values", `--set=kwasmOperator.installerImage=${nextInstaller}`];
  await cluster.helm("upgrade", "kwasm-operator", chart, "--namespace=kwasm", ...change);
  const message = `--for=jsonpath={.status.conditions[?(@.type=="KwasmReady")].message}=version ${version} runs Wasm pods`;
  await cluster.kubectl("wait", "node", "--all", message, "--timeout=180s");
  await execute(cluster, "client", "busybox touch /tmp/stop");
  const answers = (await execute(cluster, "client", "busybox cat /tmp/answers")).trim().split("\n");
  const failed = answers.filter((line) => !/^Hello from \S+$/u.test(line));
  assert.equal(failed.length, 0, `of ${answers.length} requests failed ${failed.length}: ${failed[0]}`);
  assert.ok(answers.length > 100, `${answers.length} requests were made`);
  assert.equal(await cluster.kubectl("get", "pods", ...stateOfPods), before);
  for (const number of [1, 2]) {
    const running = await cluster
      .node(number)
      .run("sh", "-c", `grep -ls /lib/kwasm/${version}/ /proc/[0-9]*/cmdline || true`);
    assert.match(running, /cmdline/u);
  }
}

/** The commands of the guide, as a shell runs them: afterwards no node has anything of ours. */
export async function removeAll(cluster: Cluster, filesBefore: string): Promise<void> {
  await cluster.kubectl("delete", "deployment", "hello-wasm", "placed", "--timeout=180s");
  await cluster.kubectl("wait", "pods", "--selector=app in (hello-wasm, placed)", "--for=delete", "--timeout=180s");
  const guide = readFileSync(join(tree, "docs/guide/kubernetes.md"), "utf8");
  const [, commands = ""] = /\n## Remove\n\n```text\n([^]*?)```/u.exec(guide) ?? [];
  assert.match(commands, /helm uninstall/u);
  await run("sh", ["-ec", commands], { env: cluster.clientEnv, timeout: REMOVAL_MS_MAX });
  assert.doesNotMatch(await cluster.kubectl("get", "nodes", "--output=yaml"), /kwasm\.sh/u);
  // helm waits for nothing: the operator's pod has yet to end.
  await askUntil("the end of all objects of the release", async () => {
    return (await cluster.kubectl("get", "all,jobs", "--namespace=kwasm", "--output=name")) === "" || undefined;
  });
  assert.equal(await cluster.kubectl("get", "runtimeclasses", "--output=name"), "runtimeclass.node.k8s.io/wasmtime\n");
  for (const number of [1, 2]) assert.equal(await readNodeFiles(cluster, number), filesBefore);
}
