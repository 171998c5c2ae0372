import { decideShim } from "./decide-shim.ts";
import type { ShimDecision, ShimOnNode } from "./shim-decision.ts";

export interface PlannedNode {
  readonly one: ShimOnNode;
  readonly decision: ShimDecision;
}

/**
 * What is to be done about a shim on every node. Nodes on their way to the request of now count against `maxUpdate`, and
 * so do those that failed on it: an archive that breaks a node does not get to the next one.
 */
export function planShim(
  ones: readonly ShimOnNode[],
  { maxUpdate, nowMs }: { readonly maxUpdate: number; readonly nowMs: number },
): readonly PlannedNode[] {
  let free = maxUpdate - ones.filter((one) => isUnderWay(one)).length;
  const ordered = ones.toSorted((left, right) => (left.node.name < right.node.name ? -1 : 1));
  return ordered.map((one) => {
    const decision = decideShim(one, { mayStart: free > 0, nowMs });
    const isStarted = decision.steps.some((step) => step.kind === "create-job" && step.action === "install");
    if (isStarted && !isUnderWay(one)) free -= 1;
    return { one, decision };
  });
}

/** A node that went away with its installer would hold up all others for ever. */
function isUnderWay({ node, isWanted, request, install, note }: ShimOnNode): boolean {
  if (!isWanted || install === undefined || request.kind === "problem" || note === request.digest) return false;
  return install.request === request.digest && (node.isReady || install.work.state === "running");
}
