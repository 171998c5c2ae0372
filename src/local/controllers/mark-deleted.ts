import type { Clock } from "#base";
import type { Pod } from "../kinds/index.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { timestampOf } from "../store/timestamp.ts";

/** Asks for a pod's end; its runner ends it and then removes it. A shorter grace replaces a longer one. */
export function markDeleted(
  context: { readonly store: ObjectStore; readonly clock: Clock },
  pod: Pod,
  graceSeconds?: number,
): void {
  context.store.update(pod, (current) => {
    const before = current.metadata.deletionGracePeriodSeconds;
    const wanted = graceSeconds ?? before ?? current.spec.terminationGracePeriodSeconds;
    const deletionTimestamp = current.metadata.deletionTimestamp ?? timestampOf(context.clock.nowMs());
    const deletionGracePeriodSeconds = Math.min(wanted, before ?? wanted);
    return { ...current, metadata: { ...current.metadata, deletionTimestamp, deletionGracePeriodSeconds } };
  });
}
