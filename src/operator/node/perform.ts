import { annotations, labels } from "#api";
import type { Clock } from "#base";
import { fieldAt, isApiError, type KubeClient, listAt, resourceTypes } from "#kube";

import type { Settings } from "../settings.ts";
import type { Step } from "./decision.ts";
import { formatInstallation } from "./installation.ts";
import { labelValueOf } from "./names.ts";
import { type ConditionView, conditionType, type NodeView } from "./node-view.ts";
import { makeJob, makeProbe } from "./work-objects.ts";

export interface Hands {
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly clock: Clock;
}

export const fieldManager = "kwasm-operator";

/** Does one step. What others did meanwhile is no fault: the next decision sees it. */
export async function performStep(step: Step, node: NodeView, hands: Hands): Promise<void> {
  const { client, settings } = hands;
  const { namespace } = settings;
  switch (step.kind) {
    case "label":
      return patchNode(hands, node, {
        labels: { [labels.kwasmProvisioned]: labelValueOf(node.name), [labels.kwasmReady]: "true" },
      });
    case "unlabel":
      return patchNode(hands, node, { labels: { [labels.kwasmProvisioned]: null, [labels.kwasmReady]: null } });
    case "note-installation": {
      const text = step.installation === undefined ? null : formatInstallation(step.installation);
      return patchNode(hands, node, { annotations: { [annotations.installation]: text } });
    }
    case "remove-taint":
      return removeTaint(client, node, step.key);
    case "create-job":
      return createOnce(client, "job", makeJob({ ...step, node }, settings));
    case "create-probe":
      return createOnce(client, "pod", makeProbe(node, step.failedAttempts, settings));
    case "delete-job":
      await client.delete(resourceTypes.job, { name: step.name, namespace }, { uid: step.uid });
      return;
    case "delete-probe":
      await client.delete(resourceTypes.pod, { name: step.name, namespace }, { uid: step.uid, gracePeriodSeconds: 1 });
      return;
    default:
      return step satisfies never;
  }
}

/** Says on the node what became of its runtime; the kubelet leaves conditions of others alone. */
export async function writeCondition(
  condition: ConditionView | undefined,
  node: NodeView,
  { client, clock }: Hands,
): Promise<void> {
  const known = node.condition;
  const isKnown =
    condition?.status === known?.status && condition?.reason === known?.reason && condition?.message === known?.message;
  if (isKnown) return;
  const now = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/u, "Z");
  const conditions =
    condition === undefined
      ? []
      : [{ type: conditionType, ...condition, lastHeartbeatTime: now, lastTransitionTime: now }];
  const object = { metadata: { name: node.name }, status: { conditions } };
  await client.apply(resourceTypes.node, object, { subresource: "status", fieldManager, force: true });
}

/** The uid makes it a conflict where the node was made anew meanwhile. */
export async function patchNode({ client }: Hands, { name, uid }: NodeView, metadata: object): Promise<void> {
  const body = { metadata: { uid, ...metadata } };
  await client.patch(resourceTypes.node, { name }, { kind: "merge", body }, { fieldManager });
}

export async function createOnce(
  client: KubeClient,
  type: "job" | "pod",
  object: Parameters<KubeClient["create"]>[1],
): Promise<void> {
  try {
    await client.create(resourceTypes[type], object, { fieldManager });
  } catch (thrown) {
    // What we have seen is behind; the object's own event brings the node back here.
    if (!isApiError(thrown, "already-exists")) throw thrown;
  }
}

/** By its place and only if it is still there: others write taints at the same time. */
async function removeTaint(client: KubeClient, { name }: NodeView, key: string): Promise<void> {
  const node = await client.get(resourceTypes.node, { name });
  const taints = listAt(node?.["spec"], "taints");
  const place = taints.findIndex((taint) => fieldAt(taint, "key") === key);
  if (place < 0) return;
  const path = `/spec/taints/${String(place)}`;
  const body = [
    { op: "test", path: `${path}/key`, value: key },
    { op: "remove", path },
  ] as const;
  await client.patch(resourceTypes.node, { name }, { kind: "json", body }, { fieldManager });
}
