import { type ContainerStatus, type Deployment, isOfTemplate, type Pod } from "#local";

/** What somebody has to act on: waiting alone changes nothing, and everything that was applied is there already. */
const hopelessReasons: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "CrashLoopBackOff",
]);

/**
 * Why the pod will not become ready by itself, or undefined. Pods of a Deployment's former template are never the
 * answer: they may well be what its present one repairs.
 */
export function whyHopeless(owner: Pod | Deployment, pod: Pod): string | undefined {
  if (owner.kind === "Deployment" && !isOfTemplate(owner, pod)) return undefined;
  for (const status of pod.status?.containerStatuses ?? []) {
    const why = whyContainerIsHopeless(status);
    if (why !== undefined) return `container "${status.name}" is in ${why}`;
  }
  return undefined;
}

function whyContainerIsHopeless({ state, lastState }: ContainerStatus): string | undefined {
  if (state.terminated?.reason === "StartError") return withDetail("StartError", state.terminated.message);
  const { reason = "", message } = state.waiting ?? {};
  if (!hopelessReasons.has(reason)) return undefined;
  if (reason !== "CrashLoopBackOff" || lastState.terminated === undefined) return withDetail(reason, message);
  const { exitCode, reason: endReason, message: endMessage } = lastState.terminated;
  return withDetail(`${reason} (${endReason}, exit code ${exitCode})`, endMessage);
}

/** Of a message of several lines, as a trap with its stack, the first says it. */
function withDetail(reason: string, message: string | undefined): string {
  const [first = ""] = (message ?? "").split("\n");
  return first === "" ? reason : `${reason}: ${first}`;
}
