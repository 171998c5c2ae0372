import { createKubeClient, type KubeClient, loadConnection } from "#kube";

import type { Io } from "../../frame/io.ts";
import type { OptionSpecs } from "../../frame/parse-options.ts";

/** Options of all commands about a cluster, with kubectl's names and meanings. */
export const connectionOptions = {
  kubeconfig: { value: "FILE", summary: "Reach the cluster as FILE says (default $KUBECONFIG, else ~/.kube/config)" },
  context: { value: "NAME", summary: "Use this context of the kubeconfig (default: its current one)" },
} as const satisfies OptionSpecs;

interface ConnectionValues {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export async function connectCluster({ kubeconfig, context }: ConnectionValues, io: Io): Promise<KubeClient> {
  const connection = await loadConnection({ env: io.env, kubeconfig, context });
  return createKubeClient({ connection, userAgent: "kubectl-kwasm" });
}
