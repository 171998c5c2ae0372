import { defineCommand } from "../../frame/command.ts";
import { changeNodes, changeOptions } from "./change-nodes.ts";
import { annotationForProvision, judgeProvision } from "./judge-node.ts";

export const provisionCommand = defineCommand({
  name: "provision",
  summary: "Bring the runtime to nodes, and wait until Wasm pods can be started there",
  operands: "NODE… | --all | -l LABELS",
  description: `
Sets the annotation kwasm.sh/kwasm-node=true and prints each step of the operator. The exit code is 1 where a node is not ready
in the end, with the reason. Ctrl-C ends the waiting only.

  kubectl kwasm provision worker-1 worker-2
  kubectl kwasm provision --all --timeout 10m`,
  options: changeOptions,
  run: (invocation, io) =>
    changeNodes({ annotationFor: annotationForProvision, judge: judgeProvision }, invocation, io),
});
