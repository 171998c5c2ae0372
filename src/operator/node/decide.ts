import { decideUnwanted } from "./decide-unwanted.ts";
import { decideWanted } from "./decide-wanted.ts";
import type { Circumstances, Decision, Observed } from "./decision.ts";
import { isWanted } from "./wish.ts";

/** What is to be done about a node, from nothing but what is there: whoever decided before may have died at any point. */
export function decide(observed: Observed, circumstances: Circumstances): Decision {
  const { node } = observed;
  if (node.isLeaving) return { steps: [], condition: node.condition };
  if (isWanted(node, circumstances.isAutomatic)) return decideWanted(observed, circumstances);
  return decideUnwanted(observed, circumstances);
}
