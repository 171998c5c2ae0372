import { isDeepStrictEqual } from "node:util";
import { KwasmError } from "#base";
import { admitObject, type KubeObject } from "../kinds/index.ts";
import { keyOf } from "./object-key.ts";

export type RowReading =
  | { readonly object: KubeObject }
  | { readonly kind: unknown; readonly namespace: unknown; readonly name: unknown; readonly reason: string };

/**
 * Reads a row of the table of objects. One that was damaged on the disk, or stored by a version with other rules, must
 * not keep control from starting, so it is answered with a reason. Fields of another version are let through.
 */
export function readObjectRow({ kind, namespace, name, body }: Readonly<Record<string, unknown>>): RowReading {
  const place = { kind, namespace, name };
  let value: unknown;
  try {
    value = JSON.parse(String(body));
  } catch (error) {
    return { ...place, reason: KwasmError.from(error, "read the row").message };
  }
  const admission = admitObject(value, "warn");
  if ("refusal" in admission) return { ...place, reason: admission.refusal };
  const key = keyOf(admission.object);
  if (!isDeepStrictEqual({ namespace: "", ...key }, place)) return { ...place, reason: "it has another name inside" };
  // The kind's reader has checked all but what control itself adds: the rest of the metadata, and the status.
  const object = value as KubeObject;
  return hasOwnParts(object) ? { object } : { ...place, reason: "its metadata or status is malformed" };
}

function hasOwnParts(object: KubeObject): boolean {
  const { uid, resourceVersion, ownerReferences = [] } = object.metadata;
  if (typeof uid !== "string" || typeof resourceVersion !== "string" || !Array.isArray(ownerReferences)) return false;
  const status: unknown = "status" in object ? object.status : undefined;
  if (status === undefined) return true;
  if (typeof status !== "object" || status === null) return false;
  const fields = new Map<string, unknown>(Object.entries(status));
  const isPod = object.kind === "Pod";
  return ["conditions", "containerStatuses"].every((name) => {
    const list = fields.get(name);
    return Array.isArray(list) || (list === undefined && !isPod);
  });
}
