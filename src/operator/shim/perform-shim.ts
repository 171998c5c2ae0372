import { SHIM_PREFIX } from "#api";
import { resourceTypes } from "#kube";

import { createOnce, type Hands, patchNode } from "../node/perform.ts";
import type { ShimOnNode, ShimStep } from "./shim-decision.ts";
import { makeShimJob } from "./shim-job.ts";

/** The value of a shim's label on a node that serves it. */
export const READY = "ready";

/** Does one step. What others did meanwhile is no fault: the next decision sees it. */
export async function performShimStep(step: ShimStep, shimName: string, one: ShimOnNode, hands: Hands): Promise<void> {
  const { client, settings } = hands;
  const key = SHIM_PREFIX + shimName;
  switch (step.kind) {
    case "label":
      return patchNode(hands, one.node, { labels: { [key]: READY } });
    case "unlabel":
      return patchNode(hands, one.node, { labels: { [key]: null } });
    case "note":
      return patchNode(hands, one.node, { annotations: { [key]: step.note ?? null } });
    case "create-job":
      return createOnce(client, "job", makeShimJob({ ...step, shimName, one }, settings));
    case "delete-job": {
      const name = { name: step.name, namespace: settings.namespace };
      const propagation = step.isRunning ? "Foreground" : "Background";
      await client.delete(resourceTypes.job, name, { uid: step.uid, propagation });
      return;
    }
    default:
      return step satisfies never;
  }
}
