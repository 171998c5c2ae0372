import type { Condition, Deployment, DeploymentStatus, Pod } from "../kinds/index.ts";
import { isStatusReady } from "../pods/pod-status.ts";
import { timestampOf } from "../store/timestamp.ts";

/** What a Deployment's controller counted. */
export interface DeploymentCount {
  readonly pods: readonly Pod[];
  readonly updated: number;
  readonly available: number;
  readonly availableMin: number;
}

export function statusOfDeployment(deployment: Deployment, count: DeploymentCount, nowMs: number): DeploymentStatus {
  const { replicas } = deployment.spec;
  const status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: count.pods.length,
    updatedReplicas: count.updated,
    readyReplicas: count.pods.filter((pod) => isStatusReady(pod.status)).length,
    availableReplicas: count.available,
    unavailableReplicas: Math.max(replicas - count.available, 0),
  };
  return { ...status, conditions: [available(deployment, count, nowMs), progressing(deployment, status, nowMs)] };
}

/** Whether nothing is left to do: what `rollout status` waits for. */
export function isRolledOut(deployment: Deployment): boolean {
  const { status, spec, metadata } = deployment;
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 1)) return false;
  return (
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas >= spec.replicas
  );
}

function available(deployment: Deployment, count: DeploymentCount, nowMs: number): Condition {
  const isMet = count.available >= count.availableMin;
  return dated(deployment, nowMs, {
    type: "Available",
    status: isMet ? "True" : "False",
    reason: isMet ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: isMet ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
  });
}

/** Progress is every change of the counts; without one for `progressDeadlineSeconds` the rollout counts as stuck. */
function progressing(deployment: Deployment, counts: Omit<DeploymentStatus, "conditions">, nowMs: number): Condition {
  const { name } = deployment.metadata;
  const { replicas, progressDeadlineSeconds } = deployment.spec;
  const before = deployment.status?.conditions.find(({ type }) => type === "Progressing");
  const isComplete =
    counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas >= replicas;
  if (isComplete) {
    return dated(deployment, nowMs, {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `Deployment "${name}" has successfully progressed.`,
    });
  }
  const lastMs = hasMoved(deployment.status, counts) ? nowMs : Date.parse(before?.lastUpdateTime ?? "") || nowMs;
  if (nowMs - lastMs > progressDeadlineSeconds * 1_000) {
    return dated(deployment, lastMs, {
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `Deployment "${name}" has timed out progressing.`,
    });
  }
  const updating = {
    type: "Progressing",
    status: "True",
    reason: "ReplicaSetUpdated",
    message: `Deployment "${name}" is progressing.`,
  } as const;
  return { ...dated(deployment, nowMs, updating), lastUpdateTime: timestampOf(lastMs) };
}

/** When to look whether a rollout that shows no progress has run out of time; infinite where none is under way. */
export function msUntilDeadline({ spec, status }: Deployment, nowMs: number): number {
  const condition = status?.conditions.find(({ type }) => type === "Progressing");
  if (condition?.reason !== "ReplicaSetUpdated") return Number.POSITIVE_INFINITY;
  const lastMs = Date.parse(condition.lastUpdateTime ?? "") || nowMs;
  // One more, since the deadline has to be passed.
  return Math.max(lastMs + spec.progressDeadlineSeconds * 1_000 - nowMs, 0) + 1;
}

function hasMoved(before: DeploymentStatus | undefined, now: Omit<DeploymentStatus, "conditions">): boolean {
  if (before === undefined) return true;
  return (
    before.observedGeneration !== now.observedGeneration ||
    before.updatedReplicas !== now.updatedReplicas ||
    before.readyReplicas !== now.readyReplicas ||
    before.replicas !== now.replicas
  );
}

/** Keeps the times of a condition that says the same as before, so that an unchanged status is not written. */
function dated(deployment: Deployment, nowMs: number, condition: Condition): Condition {
  const before = deployment.status?.conditions.find(({ type }) => type === condition.type);
  const isSame = before?.status === condition.status && before.reason === condition.reason;
  const now = timestampOf(nowMs);
  return {
    ...condition,
    lastTransitionTime: (before?.status === condition.status ? before.lastTransitionTime : undefined) ?? now,
    lastUpdateTime: (isSame ? before.lastUpdateTime : undefined) ?? now,
  };
}
