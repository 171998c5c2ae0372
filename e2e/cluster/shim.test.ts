import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { nativeImage } from "../containerd/native-image.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { clustersUnderTest } from "./clusters-under-test.ts";
import { installOperator } from "./install-operator.ts";

const nodes = [1, 2] as const;

/** Makes an archive and serves it to the nodes. */
const archives = `
apiVersion: v1
kind: Pod
metadata: {name: archives}
spec:
  containers:
  - name: archives
    image: ${nativeImage}
    command: [/bin/busybox, sh, -ec]
    args:
    - |
      alias b=/bin/busybox
      b mkdir /w; cd /w
      echo '#!/bin/sh' >containerd-shim-fake-v1
      b tar -cf - containerd-shim-fake-v1 | b gzip >shim.tar.gz
      exec /bin/busybox httpd -f -p 80 -h /w
    readinessProbe: {httpGet: {path: /shim.tar.gz, port: 80}, periodSeconds: 1}
`;

function shimOf(location: string, sha256: string): string {
  return `
apiVersion: runtime.spinkube.dev/v1alpha1
kind: Shim
metadata: {name: fake}
spec:
  fetchStrategy: {anonHttp: {location: "${location}", sha256: "${sha256}"}}
  runtimeClass: {name: fake, handler: fake}
  containerdRuntimeOptions: {SystemdCgroup: "true"}
`;
}

/** The lines of containerd's configuration, with all that it imports, that name the handler. */
async function linesOf(cluster: Cluster): Promise<readonly string[]> {
  const dumps = nodes.map((node) => cluster.node(node).run("containerd", "config", "dump"));
  return (await Promise.all(dumps)).map((text) =>
    text
      .split("\n")
      .filter((line) => line.includes("fake"))
      .join("\n"),
  );
}

for (const containerd of clustersUnderTest) {
  describe(`a Shim on a cluster with containerd ${containerd}`, () => {
    test("with a wrong digest says so, with the right one comes to every node, and leaves nothing behind", async () => {
      await using cluster = await startCluster({ nodes: nodes.length, containerd });
      await installOperator(cluster);
      await cluster.apply(archives);
      await cluster.kubectl("wait", "pod/archives", "--for=condition=Ready", "--timeout=180s");
      const address = await cluster.kubectl("get", "pod/archives", "-o=jsonpath={.status.podIP}");
      const location = `http://${address}/shim.tar.gz`;

      await cluster.apply(shimOf(location, "0".repeat(64)));
      await cluster.kubectl("wait", "shim/fake", "--for=condition=Stalled", "--timeout=180s");
      assert.match(await cluster.kubectl("describe", "shim/fake"), /Warning +DigestMismatch .*correct the digest/u);

      const digest = await cluster.kubectl("exec", "archives", "--", "/bin/busybox", "sha256sum", "/w/shim.tar.gz");
      await cluster.apply(shimOf(location, digest.slice(0, 64)));
      await cluster.kubectl("wait", "shim/fake", "--for=condition=Ready", "--timeout=120s");
      const labelled = await cluster.kubectl("get", "nodes", "--selector=shim.kwasm.sh/fake=ready", "--output=name");
      assert.equal(labelled, "node/node-1\nnode/node-2\n");
      for (const lines of await linesOf(cluster)) {
        assert.match(lines, /\/shims\/fake\/[\da-f]+\/containerd-shim-fake-v1/u);
      }

      await cluster.kubectl("delete", "shim/fake", "--timeout=120s");
      assert.deepEqual(await linesOf(cluster), ["", ""]);
      for (const node of nodes) {
        const left = await cluster
          .node(node)
          .run("sh", "-c", "ls -d /opt/kwasm /etc/containerd/conf.d/*kwasm* || true");
        assert.equal(left, "");
      }
      await cluster.kubectl("wait", "--for=delete", "runtimeclass/fake", "--timeout=180s");
    });
  });
}
