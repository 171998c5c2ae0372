import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { runtimeHandlers } from "#api";

import { clusterCommands, clusterProgram } from "../../src/cli/commands/cluster/index.ts";
import { runCli } from "../../src/cli/frame/run-cli.ts";
import { createTestIo } from "../../src/cli/testing/test-io.ts";
import { startCluster } from "./cluster.ts";
import { clustersUnderTest } from "./clusters-under-test.ts";
import { installOperator } from "./install-operator.ts";

const wasmtime = `
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: wasmtime}
handler: spin
`;

for (const containerd of clustersUnderTest) {
  describe(`kubectl kwasm on a cluster with containerd ${containerd}`, () => {
    test("brings the runtime to one node of two, tells the difference, and takes it away", async () => {
      await using cluster = await startCluster({ nodes: 2, containerd });
      await installOperator(cluster);

      async function kwasm(line: string): Promise<{ readonly code: number; readonly text: string }> {
        const io = createTestIo({ env: { KUBECONFIG: cluster.kubeconfig } });
        const code = await runCli(line.split(" "), clusterCommands, io, clusterProgram);
        return { code, text: io.stdoutText() + io.stderrText() };
      }

      const provisioned = await kwasm("provision node-1 --timeout 120s");
      assert.equal(provisioned.code, 0, provisioned.text);
      assert.match(provisioned.text, /\nnode\/node-1 ready: version \S+ runs Wasm pods\n$/u);
      assert.match((await kwasm("logs-installer node-1")).text, /"outcome":"installed".*\n$/u);

      const status = await kwasm("status -o wide");
      // Only containerd 2 tells its handlers to the kubelet.
      const served = containerd.startsWith("2") ? runtimeHandlers.toSorted().join(",") : "<unknown>";
      const [, one = "", two = ""] = status.text.split("\n").map((line) => line.split(/ {2,}/u));
      assert.deepEqual(
        [one[0], one[1], one[2], (one[4] ?? "").split(",").toSorted().join(",")],
        ["node-1", "yes", "yes", served],
      );
      assert.deepEqual([two[0], two[1], two[2]], ["node-2", "no", "no"]);
      assert.match(status.text, /^wasmtime-spin-v2 +spin +1\/1 /mu);

      const healthy = await kwasm("doctor");
      assert.equal(healthy.code, 0, healthy.text);
      await cluster.apply(wasmtime);
      const ill = await kwasm("doctor");
      assert.equal(ill.code, 1);
      assert.match(
        ill.text,
        /^BAD +runtimeclass\/wasmtime +its pods may be put on nodes that do not serve "spin" \(node-2\)/mu,
      );

      const removed = await kwasm("deprovision node-1 --timeout 120s");
      assert.equal(removed.code, 0, removed.text);
      assert.match(removed.text, /\nnode\/node-1 removed\n$/u);
      assert.match((await kwasm("status")).text, /^node-1 +no +no +<none> +<none>$/mu);
    });
  });
}
