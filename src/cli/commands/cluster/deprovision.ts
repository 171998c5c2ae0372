import { defineCommand } from "../../frame/command.ts";
import { changeNodes, changeOptions } from "./change-nodes.ts";
import { annotationForRemoval, judgeDeprovision } from "./judge-node.ts";

export const deprovisionCommand = defineCommand({
  name: "deprovision",
  summary: "Take the runtime from nodes, and wait until it is removed",
  operands: "NODE… | --all | -l LABELS",
  description: `
Removes the annotation kwasm.sh/kwasm-node, or sets it to "false" where the node would be provisioned without it as well:
by its label, or since the operator provisions all nodes. Pods that run go on.

  kubectl kwasm deprovision worker-1`,
  options: changeOptions,
  run: (invocation, io) =>
    changeNodes({ annotationFor: annotationForRemoval, judge: judgeDeprovision }, invocation, io),
});
