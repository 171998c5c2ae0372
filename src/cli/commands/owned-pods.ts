import type { KubeObject, LocalClient, Pod } from "#local";

/** A pod that was applied itself, or that a controller made for something that was. */
export function isOwnerOf({ kind, metadata }: KubeObject, pod: Pod): boolean {
  if (metadata.namespace !== pod.metadata.namespace) return false;
  if (kind === "Pod") return metadata.name === pod.metadata.name;
  return (pod.metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === metadata.name);
}

/** Namespaces of the objects, each once. */
export function namespacesOf(objects: readonly KubeObject[]): readonly string[] {
  return [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
}

/** The pods that are there for the objects now. */
export async function listPodsOf(client: LocalClient, objects: readonly KubeObject[]): Promise<readonly Pod[]> {
  const lists = await Promise.all(namespacesOf(objects).map((namespace) => client.list({ kind: "Pod", namespace })));
  const pods = lists.flat().filter((object) => object.kind === "Pod");
  return pods.filter((pod) => objects.some((object) => isOwnerOf(object, pod)));
}
