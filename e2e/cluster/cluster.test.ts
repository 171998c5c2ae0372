import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { startCluster } from "./cluster.ts";
import { clustersUnderTest } from "./clusters-under-test.ts";

const IMAGE = "kwasm.test/busybox:1";

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers:
      - name: web
        image: ${IMAGE}
        args: [sh, -c, "hostname >/tmp/index.html && busybox httpd -f -p 80 -h /tmp"]
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
`;

/** Names and ways of a Service are known on its nodes some time after its pods are ready. */
const askWeb = "until busybox wget -q -O - http://web; do busybox sleep 0.2; done";

for (const containerd of clustersUnderTest) {
  describe(`a cluster with containerd ${containerd}`, () => {
    test("runs pods on two nodes, which find each other by names, and ends without a trace", async () => {
      const machine = readMachine();
      let directory = "";
      {
        await using cluster = await startCluster({ nodes: 2, containerd });
        directory = cluster.directory;
        await cluster.apply(web);
        await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
        const pods = await cluster.kubectl("get", "pods", "-o=jsonpath={.items[*].metadata.name}");
        const seen = new Set<string>();
        while (seen.size < 2) seen.add(await cluster.runPod(["sh", "-c", askWeb]));
        assert.deepEqual(
          [...seen].toSorted(),
          pods
            .split(" ")
            .map((name) => `${name}\n`)
            .toSorted(),
        );
        const node = cluster.node(1);
        await node.run("sh", "-c", "echo here >/opt/mark; systemctl restart containerd");
        assert.equal(existsSync("/opt/mark"), false);
        const [pod = ""] = pods.split(" ");
        assert.equal(await cluster.kubectl("exec", pod, "--", "/bin/busybox", "hostname"), `${pod}\n`);
      }
      assert.deepEqual(readMachine(), machine);
      assert.equal(existsSync(directory), false);
    });
  });
}

/** What a cluster might change of the machine: interfaces by their names, mounts, and settings of the kernel. */
function readMachine(): object {
  const settings = ["kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "kernel/keys/root_maxkeys"];
  return {
    interfaces: readFileSync("/proc/self/net/dev", "utf8").match(/^ *\S+:/gm),
    mounts: readFileSync("/proc/self/mountinfo", "utf8"),
    settings: settings.map((name) => readFileSync(`/proc/sys/${name}`, "utf8")),
  };
}
