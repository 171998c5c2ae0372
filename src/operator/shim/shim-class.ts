import { SHIM_PREFIX } from "#api";
import { type Informer, type KubeClient, type NewObject, type OwnerReference, resourceTypes } from "#kube";

import { fieldManager } from "../node/perform.ts";
import { managedLabels } from "../node/work-view.ts";
import { isAsWished, type RuntimeClassView } from "../runtime-class/runtime-class-view.ts";
import { READY } from "./perform-shim.ts";
import type { ShimView } from "./shim-view.ts";

interface ClassHands {
  readonly client: KubeClient;
  readonly classes: Informer<RuntimeClassView>;
  readonly shims: Informer<ShimView>;
}

/** What is to be done about the RuntimeClass of a Shim. */
export type ClassDecision =
  | { readonly kind: "nothing" }
  | { readonly kind: "apply" }
  /** Its handler is another, and a handler cannot be changed. */
  | { readonly kind: "replace"; readonly uid: string }
  | { readonly kind: "problem"; readonly reason: string; readonly message: string };

/** Classes of users are left alone; one that the settings ask for is the Shim's as long as there is the Shim. */
export function decideClass(
  shim: ShimView,
  known: RuntimeClassView | undefined,
  isShim: (uid: string) => boolean,
): ClassDecision {
  if (known === undefined) return { kind: "apply" };
  const { runtimeClass: name, handler } = shim;
  const isOthers = known.shimUid !== undefined && known.shimUid !== shim.uid && isShim(known.shimUid);
  if (isOthers) return taken(`RuntimeClass "${name}" is that of another Shim: give one of them another name`);
  if (!known.isManaged) {
    if (known.handler === handler) return { kind: "nothing" };
    return taken(
      `RuntimeClass "${name}" is not of the operator's making and has the handler "${known.handler}": delete it, or make this Shim with another name for its class`,
    );
  }
  if (known.handler !== handler) return { kind: "replace", uid: known.uid };
  const isOurs = known.shimUid === shim.uid && isAsWished(known, makeShimClass(shim));
  return { kind: isOurs ? "nothing" : "apply" };
}

/** Makes the class what it should be, or answers why it cannot be. */
export async function keepShimClass(
  shim: ShimView,
  { client, classes, shims }: ClassHands,
): Promise<Extract<ClassDecision, { kind: "problem" }> | undefined> {
  const decision = decideClass(shim, classes.get(shim.runtimeClass), (uid) =>
    shims.items().some((one) => one.uid === uid),
  );
  switch (decision.kind) {
    case "nothing":
      return undefined;
    case "problem":
      return decision;
    case "replace":
      await client.delete(resourceTypes.runtimeClass, { name: shim.runtimeClass }, { uid: decision.uid });
      break;
    case "apply":
      break;
    default:
      return decision satisfies never;
  }
  await client.apply(resourceTypes.runtimeClass, makeShimClass(shim), { fieldManager, force: true });
  return undefined;
}

/** It goes with the Shim. */
function makeShimClass({ name, uid, runtimeClass, handler }: ShimView): NewObject {
  const { apiVersion, kind } = resourceTypes.shim;
  const owner: OwnerReference = { apiVersion, kind, name, uid, controller: true };
  const metadata = { name: runtimeClass, labels: managedLabels, ownerReferences: [owner] };
  return { metadata, handler, scheduling: { nodeSelector: { [SHIM_PREFIX + name]: READY } } };
}

function taken(message: string): ClassDecision {
  return { kind: "problem", reason: "RuntimeClassTaken", message };
}
