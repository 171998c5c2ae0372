import { annotations } from "#api";
import { isTrouble, isWanted, type NodeView } from "#operator";

/** How far a node is on its way to what was asked for. */
export interface Verdict {
  readonly kind: "pending" | "done" | "failed";
  /** What a person reads behind the node's name. */
  readonly text: string;
}

export type Judge = (node: NodeView) => Verdict;

export function judgeProvision(node: NodeView): Verdict {
  if (!node.isLabelled) return judgeByCondition(node);
  const { condition } = node;
  return { kind: "done", text: condition === undefined ? "ready" : `ready: ${condition.message}` };
}

export function judgeDeprovision(node: NodeView): Verdict {
  const isGone = !node.hasLabel && node.installation === undefined && node.condition === undefined;
  return isGone ? { kind: "done", text: "removed" } : judgeByCondition(node);
}

/** As long as the operator has not seen what is asked. */
export const waitsForOperator: Verdict = { kind: "pending", text: "waits for the operator" };

function judgeByCondition({ condition }: NodeView): Verdict {
  if (condition === undefined) return waitsForOperator;
  const text = `${condition.reason}: ${condition.message}`;
  return { kind: isTrouble(condition) ? "failed" : "pending", text };
}

/**
 * What the annotation has to be for the runtime to go: none, or "false" where the node would still be wanted without it,
 * by a label or since all nodes are. Undefined: it is as it has to be.
 */
export function annotationForRemoval(node: NodeView, isAutomatic: boolean): "false" | null | undefined {
  if (!isWanted(node, isAutomatic)) return undefined;
  return isWanted({ ...node, annotation: undefined }, isAutomatic) ? "false" : null;
}

export function annotationForProvision({ annotation }: NodeView): "true" | undefined {
  return annotation === "true" ? undefined : "true";
}

/** The patch of a Node that makes its annotation so. */
export function patchOf(annotation: "true" | "false" | null) {
  return { kind: "merge", body: { metadata: { annotations: { [annotations.kwasmNode]: annotation } } } } as const;
}
