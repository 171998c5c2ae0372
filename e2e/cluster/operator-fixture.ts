import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { silentLog } from "#base";
import { type KubeClient, loadConnection, type NewObject, resourceTypes } from "#kube";
import { clusterPermissions, namespacePermissions, type Permission, readSettings, runOperator } from "#operator";

import type { ApiServer } from "./api-server.ts";
import type { Death } from "./dying-client.ts";

export const namespace = "kwasm";
const DEFAULT_INSTALLER = "installer:default";

/** Makes what the chart makes: the namespace, the definition of Shims, and an account that may do what ours may. */
export async function prepareOperator(client: KubeClient, server: ApiServer): Promise<string> {
  await client.create(resourceTypes.namespace, { metadata: { name: namespace } });
  const user = `system:serviceaccount:${namespace}:operator`;
  await grant(client, user, clusterPermissions, undefined);
  await grant(client, user, namespacePermissions, namespace);
  return server.kubeconfigOf("operator", { user });
}

export async function defineShims(client: KubeClient): Promise<void> {
  const path = join(import.meta.dirname, "../../charts/kwasm-operator/crds/shims.yaml");
  await client.create(resourceTypes.customResourceDefinition, parse(readFileSync(path, "utf8")) as NewObject);
}

async function grant(
  client: KubeClient,
  user: string,
  rules: readonly Permission[],
  place: string | undefined,
): Promise<void> {
  const metadata = { name: "operator", ...(place === undefined ? {} : { namespace: place }) };
  const kind = place === undefined ? "ClusterRole" : "Role";
  const [apiGroup, apiVersion] = ["rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1"];
  const type = { apiVersion, kind, plural: `${kind.toLowerCase()}s`, isNamespaced: place !== undefined };
  await client.create(type, { metadata, rules });
  const subjects = [{ apiGroup, kind: "User", name: user }];
  const binding = { ...type, kind: `${kind}Binding`, plural: `${kind.toLowerCase()}bindings` };
  await client.create(binding, { metadata, subjects, roleRef: { apiGroup, kind, name: "operator" } });
}

interface RunningOptions {
  readonly kubeconfig: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly death?: { readonly at: Death; readonly signal: AbortSignal };
}

/** An operator in this process. */
export class RunningOperator implements AsyncDisposable {
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  constructor(options: RunningOptions) {
    this.ended = this.#run(options);
  }

  async #run({ kubeconfig, variables, death }: RunningOptions): Promise<void> {
    const connection = await loadConnection({ env: {}, kubeconfig });
    const settings = readSettings({ CONTROLLER_NAMESPACE: namespace, ...variables }, DEFAULT_INSTALLER);
    const signals = death === undefined ? [this.#stop.signal] : [this.#stop.signal, death.signal];
    await runOperator(
      {
        connection,
        settings,
        log: silentLog,
        metricsAddress: "0",
        healthAddress: "0",
        isElected: false,
        ...(death === undefined ? {} : { connect: (one) => death.at.connect(one) }),
      },
      AbortSignal.any(signals),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}
