import type { Settings, Share } from "../settings.ts";
import { isWanted } from "./wish.ts";
import type { NodeView } from "./node-view.ts";
import type { WorkView } from "./work-view.ts";

/**
 * Whether one more node may be moved to the installer's image of now. Nodes on their way count, and so do those that
 * failed on it: an image that breaks a node does not get the next one.
 */
export function mayUpgrade(
  nodes: Iterable<NodeView>,
  installJobOf: (node: NodeView) => WorkView | undefined,
  { installerImage, isAutomatic, maxUnavailable }: Settings,
): boolean {
  let [wanted, underWay] = [0, 0];
  for (const node of nodes) {
    if (!isWanted(node, isAutomatic) || node.isLeaving) continue;
    wanted += 1;
    if (isUnderWay(node, installJobOf(node), installerImage)) underWay += 1;
  }
  return underWay < countOf(maxUnavailable, wanted);
}

/** Rounded down as Kubernetes does for what may be unavailable, but never to none: that would be no rollout. */
function countOf(share: Share, all: number): number {
  return "count" in share ? share.count : Math.max(1, Math.floor((all * share.percent) / 100));
}

/** A node that is installed for the first time takes nothing from anybody, and does not count. */
function isUnderWay(node: NodeView, job: WorkView | undefined, image: string): boolean {
  const { installation } = node;
  if (installation === undefined) return false;
  if (installation.image === image) return installation.verifiedBoot === undefined;
  return job !== undefined && job.image === image && job.nodeUid === node.uid;
}
