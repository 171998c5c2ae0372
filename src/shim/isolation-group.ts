import { annotations } from "#api";
import { KwasmError } from "#base";

import type { TaskIdentity } from "./task.ts";

/**
 * The isolation group of a pod: guests of one group share a cell. Pods of a Kubernetes namespace do by default; `pod` is
 * a cell for one pod alone, and `node` one for all pods that ask for it. Throws `invalid-argument` for another word.
 */
export function isolationGroupOf(
  { namespace, id }: TaskIdentity,
  podAnnotations: Readonly<Record<string, string>>,
): string {
  const isolation = podAnnotations[annotations.isolation] ?? "namespace";
  switch (isolation) {
    case "namespace":
      return `${namespace}/namespace/${podAnnotations["io.kubernetes.cri.sandbox-namespace"] ?? ""}`;
    case "node":
      return `${namespace}/node`;
    case "pod":
      return `${namespace}/pod/${id}`;
    default:
      throw new KwasmError(
        "invalid-argument",
        `read annotation "${annotations.isolation}": "${isolation}" is unknown; write "namespace", "node" or "pod"`,
      );
  }
}

/** Whether the pod shares its cell with no other, so that the cell can be counted as the pod's. */
export function hasOwnGroup(podAnnotations: Readonly<Record<string, string>>): boolean {
  return podAnnotations[annotations.isolation] === "pod";
}
