import type { Finding } from "#installer";
import { fieldAt, type KubeObject, listAt, textAt } from "#kube";
import { conditionOf } from "#operator";

import { servesHandler } from "../cluster-node.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { bad } from "./finding.ts";

/** Kubelet's words for a container that is on its way. */
const startingReasons: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

/** Wasm pods that do not get to run, and why. */
export function findPodTroubles(facts: ClusterFacts): readonly Finding[] {
  const { pendingPods, classHandlers, classes } = facts;
  if (pendingPods === undefined || classHandlers === undefined || classes === undefined) return [];
  return pendingPods.flatMap((pod) => {
    const className = textAt(pod["spec"], "runtimeClassName");
    if (className === undefined) return [];
    const { namespace = "", name } = pod.metadata;
    const subject = `pod/${namespace}/${name}`;
    if (!classHandlers.has(className)) {
      return [bad(subject, `its RuntimeClass "${className}" is gone: make it again, or delete the pod`)];
    }
    const wasmClass = classes.find((one) => one.name === className);
    const trouble = wasmClass === undefined ? undefined : troubleOf(pod, wasmClass.handler, facts);
    return trouble === undefined ? [] : [bad(subject, trouble)];
  });
}

function troubleOf(pod: KubeObject, handler: string, { nodes }: ClusterFacts): string | undefined {
  const { spec, status } = pod;
  const scheduled = conditionOf(status, "PodScheduled");
  if (scheduled?.status === "False") return `${scheduled.reason}: ${scheduled.message}`;
  const nodeName = textAt(spec, "nodeName");
  const node = nodes?.find(({ name }) => name === nodeName);
  if (node !== undefined && !servesHandler(node, handler)) {
    return `it is on node "${node.name}", which does not serve "${handler}": kubectl kwasm provision ${node.name}, or delete the pod`;
  }
  const waiting = fieldAt(listAt(status, "containerStatuses")[0], "state", "waiting");
  const reason = textAt(waiting, "reason");
  if (reason === undefined || startingReasons.has(reason)) return undefined;
  return `${reason}: ${textAt(waiting, "message") ?? "see its events"}`;
}
