import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type KubeClient, resourceTypes, textAt } from "#kube";

import type { ApiServer } from "../../e2e/cluster/api-server.ts";

/** Where kubelet puts credentials into a pod. */
const ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount";

/** A day: longer than any run. */
const TOKEN_SECONDS = 86_400;

const serviceAccount = { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts", isNamespaced: true };
const clusterRoleBinding = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  isNamespaced: false,
};

/** Makes a namespace with a service account that may do everything, and a folder with what kubelet gives its pods. */
export async function makeAccount(server: ApiServer, client: KubeClient, namespace: string): Promise<string> {
  const name = { name: namespace, namespace };
  await client.create(resourceTypes.namespace, { metadata: { name: namespace } });
  await client.create(serviceAccount, { metadata: name });
  await client.create(clusterRoleBinding, {
    metadata: { name: namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", ...name }],
  });
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: name,
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const answer = await client.create(serviceAccount, request, { subresource: "token" });
  const directory = join(server.directory, "account");
  await mkdir(directory);
  await writeFile(join(directory, "token"), textAt(answer, "status", "token") ?? "");
  await writeFile(join(directory, "namespace"), namespace);
  await copyFile(server.credentials.path("ca.crt"), join(directory, "ca.crt"));
  return directory;
}

/** The words that run a command as in a pod of the account: in a mount namespace of its own. */
export function asPod(directory: string, command: readonly string[]): readonly string[] {
  const script = 'mount -t tmpfs tmpfs /run && mkdir -p "$1" && mount --bind "$0" "$1" && shift && exec "$@"';
  return ["unshare", "--mount", "sh", "-ec", script, directory, ACCOUNT, ...command];
}
