import { isDeepStrictEqual } from "node:util";

import { labels } from "#api";
import type { Log } from "#base";
import {
  createInformer,
  fieldAt,
  type Informer,
  type KubeClient,
  type KubeObject,
  type NewObject,
  resourceTypes,
  textAt,
} from "#kube";

import { managedLabels } from "../node/work-view.ts";

/** What the operator needs of a RuntimeClass. */
export interface RuntimeClassView {
  readonly uid: string;
  readonly handler: string;
  readonly nodeSelector: unknown;
  readonly memory: unknown;
  /** The operator made it; what a user has made is left alone. */
  readonly isManaged: boolean;
  /** Of the Shim that it belongs to. */
  readonly shimUid: string | undefined;
}

export function createRuntimeClassInformer(client: KubeClient, log: Log): Informer<RuntimeClassView> {
  return createInformer({
    client,
    log,
    type: resourceTypes.runtimeClass,
    transform: (object: KubeObject): RuntimeClassView => ({
      uid: object.metadata.uid ?? "",
      handler: textAt(object, "handler") ?? "",
      ...scheduledPart(object),
      isManaged: object.metadata.labels?.[labels.managedBy] === managedLabels[labels.managedBy],
      shimUid: object.metadata.ownerReferences?.find(({ kind }) => kind === resourceTypes.shim.kind)?.uid,
    }),
  });
}

/** Whether the parts that we write are what we would write. */
export function isAsWished({ nodeSelector, memory }: RuntimeClassView, wished: NewObject): boolean {
  return isDeepStrictEqual({ nodeSelector, memory }, scheduledPart(wished));
}

function scheduledPart(object: unknown): Pick<RuntimeClassView, "nodeSelector" | "memory"> {
  return {
    nodeSelector: fieldAt(object, "scheduling", "nodeSelector"),
    memory: fieldAt(object, "overhead", "podFixed", "memory"),
  };
}
