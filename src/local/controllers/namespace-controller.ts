import { keyOf } from "../store/object-key.ts";
import { deleteObject } from "./delete-object.ts";
import type { ControllerContext } from "./deployment-controller.ts";

/** Empties a namespace that is being deleted, and removes it once it is empty. Called again when something in it goes. */
export function reconcileNamespace(context: ControllerContext, name: string): void {
  const namespace = context.store.get("Namespace", name);
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  for (const object of context.store.listAll()) {
    if (object.metadata.namespace === name) deleteObject(context, keyOf(object));
  }
  if (context.store.listAll().some(({ metadata }) => metadata.namespace === name)) return;
  context.store.remove(keyOf(namespace));
}
