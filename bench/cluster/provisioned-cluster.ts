import { type Cluster, type ClusterOptions, startCluster } from "../../e2e/cluster/cluster.ts";
import { installOperator } from "../../e2e/cluster/install-operator.ts";
import { pushGuests } from "./guest-images.ts";

/** What our operator makes of a node that serves Wasm pods. */
export const wasmClass = "wasmtime-spin-v2";

/** Starts a cluster of one node that serves Wasm pods: as its users get there, by our chart and the annotation. */
export async function startProvisioned(options: ClusterOptions): Promise<Cluster> {
  await using cleanup = new AsyncDisposableStack();
  const cluster = cleanup.use(await startCluster(options));
  await installOperator(cluster);
  await pushGuests(cluster.registry, cluster.directory);
  await cluster.kubectl("annotate", "node", "--all", "kwasm.sh/kwasm-node=true");
  await cluster.kubectl("wait", "node/node-1", "--for=jsonpath={.metadata.labels.kwasm\\.sh/ready}", "--timeout=120s");
  cleanup.move();
  return cluster;
}
