import { annotations } from "#api";

import type { NodeView } from "./node-view.ts";

/** KWasm's rule: exactly "true"; and a way out where all nodes are wanted. */
export function isWanted(node: NodeView, isAutomatic: boolean): boolean {
  if (node.annotation === "true" || node.isLabelWish) return node.annotation !== "false";
  return isAutomatic && node.annotation !== "false";
}

/** Words for a value of the annotation that means nothing, or undefined. */
export function complaintOf({ annotation }: NodeView): string | undefined {
  if (annotation === undefined || annotation === "true" || annotation === "false") return undefined;
  const value = JSON.stringify(annotation.slice(0, 64));
  return `the annotation "${annotations.kwasmNode}" is ${value}, which asks for nothing: set it to "true", or remove it`;
}
