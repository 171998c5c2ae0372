import { homedir } from "node:os";
import { delimiter, join } from "node:path";

import type { KubeConnection } from "./connection.ts";
import { inClusterConnection } from "./in-cluster.ts";

interface ConnectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A kubeconfig file; otherwise `KUBECONFIG`, the service account of a pod and `~/.kube/config` are tried in this order. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Finds the API server as kubectl and client-go do. */
export async function loadConnection(options: ConnectionOptions): Promise<KubeConnection> {
  const { env, context } = options;
  const named = (options.kubeconfig ?? env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const inCluster = named.length === 0 ? await inClusterConnection(options) : undefined;
  if (inCluster !== undefined) return inCluster;
  // Loaded for a file only: in a pod, the parser would take memory for nothing.
  const { readKubeconfig } = await import("./read-kubeconfig.ts");
  const files = named.length === 0 ? [join(env["HOME"] ?? homedir(), ".kube", "config")] : named;
  return readKubeconfig(files, { env, context });
}
