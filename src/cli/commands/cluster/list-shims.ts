import { isApiError, type KubeClient, type KubeObject, resourceTypes } from "#kube";

/** None where the cluster has no definition of Shims. */
export async function listShims(client: KubeClient, signal: AbortSignal): Promise<readonly KubeObject[]> {
  try {
    return await client.list(resourceTypes.shim, { signal });
  } catch (thrown) {
    if (!isApiError(thrown, "not-found")) throw thrown;
    return [];
  }
}
