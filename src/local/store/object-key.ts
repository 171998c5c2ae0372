import type { KubeObject, ObjectKey } from "../kinds/index.ts";

/** One text per object, as map key and queue key. Names and namespaces never hold a slash (checked on reading). */
export function keyText(key: ObjectKey): string {
  return `${key.kind}/${key.namespace ?? ""}/${key.name}`;
}

export function keyOf(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { kind: object.kind, name } : { kind: object.kind, namespace, name };
}
