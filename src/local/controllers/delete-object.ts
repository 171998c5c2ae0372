import type { Clock } from "#base";
import type { ObjectKey } from "../kinds/index.ts";
import { keyOf } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { timestampOf } from "../store/timestamp.ts";
import { markDeleted } from "./mark-deleted.ts";

/**
 * Deletes an object as the API server does: pods and namespaces are marked and go when they have ended, all others go at
 * once and their controllers take away what they made. False where there is none.
 */
export function deleteObject(
  context: { readonly store: ObjectStore; readonly clock: Clock },
  key: ObjectKey,
  graceSeconds?: number,
): boolean {
  const object = context.store.find(key);
  if (object === undefined) return false;
  switch (object.kind) {
    case "Pod":
      markDeleted(context, object, graceSeconds);
      return true;
    case "Namespace": {
      const deletionTimestamp = object.metadata.deletionTimestamp ?? timestampOf(context.clock.nowMs());
      context.store.update(object, (current) => ({
        ...current,
        metadata: { ...current.metadata, deletionTimestamp },
        status: { phase: "Terminating" },
      }));
      return true;
    }
    default:
      context.store.remove(keyOf(object));
      return true;
  }
}
