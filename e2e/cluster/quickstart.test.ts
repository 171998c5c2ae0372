import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { clientComponent } from "../../src/engine/component/testing/client-component.ts";
import { earlyModule } from "../../src/engine/component/testing/world-module.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { clustersUnderTest, isWholeRun } from "./clusters-under-test.ts";
import { publishGuests } from "./guest-images.ts";
import { publishOperatorImages } from "./install-operator.ts";
import { startMetricsServer } from "./metrics-server.ts";
import * as autoscaling from "./quickstart/autoscaling.ts";
import * as first from "./quickstart/first-steps.ts";
import { filterPackets } from "./quickstart/network-policies.ts";
import { cleanNode, placePods, readNodeFiles, removeAll, renewRuntime, replaceNode } from "./quickstart/nodes.ts";
import { publishSpinHello, runUnchanged } from "./quickstart/spin-hello.ts";
import { updateAndRollBack, updateToWhatFails } from "./quickstart/rollouts.ts";
import * as workloads from "./quickstart/workloads.ts";

type Steps = Readonly<Record<string, (cluster: Cluster, filesBefore: string) => Promise<void>>>;

/** One after the other on one cluster: later ones stand on what earlier ones have made. */
const podSteps: Steps = {
  "helm install, annotate and apply bring three pods": first.install,
  "get, describe and logs show them like any others": first.look,
  "port-forward leads to the guest": first.forwardPort,
  "a native pod reaches all three by the Service's name": first.askByName,
  "a component reaches them by the Service's name, by its annotation only": first.askFromWasm,
  "the manifest of KWasm's quickstart runs unchanged, its image pulled from what stands in for ghcr.io": runUnchanged,
  "a deleted pod is replaced": first.deletePod,
  "an update is rolled out, and rolled back": updateAndRollBack,
  "an update that fails takes no pod away that serves": updateToWhatFails,
  "a guest reads ConfigMaps, Secrets and projected volumes, as files and variables": workloads.readVolumes,
  "Jobs complete and fail by their guests' exit codes": workloads.runJobs,
  "DaemonSets are on the nodes whose taints they tolerate": workloads.tolerate,
  "init containers, a sidecar and guests, native and Wasm, share a pod": workloads.mixContainers,
  "probes keep pods from being ready, and restart them": workloads.probe,
  "what a node's firewall refuses does not reach a guest": filterPackets,
};

/** Figures are some time in coming. */
const usageSteps: Steps = {
  "top shows what nodes and pods use": autoscaling.showUsage,
  "an autoscaler follows the load of a Wasm Deployment": autoscaling.scaleByLoad,
};

const nodeSteps: Steps = {
  "a new version of the runtime takes over under load, and no request fails": renewRuntime,
  "a CronJob starts its Job": workloads.waitForCronJob,
  "workloads end when they are deleted": workloads.endWorkloads,
  "a node without the annotation is as it was, byte for byte": cleanNode,
  "pods of the operator's class are put on the node that is left": placePods,
  "a node that is deleted and comes back runs pods again": replaceNode,
  "the guide's commands remove all of it": removeAll,
};

const steps: Steps = { ...podSteps, ...(isWholeRun ? usageSteps : {}), ...nodeSteps };

for (const containerd of clustersUnderTest) {
  describe(`the quickstart on a cluster with containerd ${containerd}`, () => {
    let cluster: Cluster;
    let filesBefore: string;
    before(async () => {
      cluster = await startCluster({ nodes: 2, containerd });
      filesBefore = await readNodeFiles(cluster, 2);
      await publishOperatorImages(cluster);
      const client = join(cluster.directory, "client.wasm");
      writeFileSync(client, clientComponent({ host: "hello-wasm", port: 80, text: "GET / HTTP/1.0\r\n\r\n" }));
      await publishGuests(cluster, { "client:v1": client });
      await publishSpinHello(cluster, isWholeRun ? undefined : earlyModule());
      if (isWholeRun) await startMetricsServer(cluster);
    });
    after(() => cluster[Symbol.asyncDispose]());

    for (const [name, step] of Object.entries(steps)) test(name, () => step(cluster, filesBefore));
  });
}
