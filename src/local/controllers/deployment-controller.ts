import { annotations, labels } from "#api";
import type { Clock, Log } from "#base";
import type { Deployment, Pod, PodTemplate } from "../kinds/index.ts";
import { isStatusReady } from "../pods/pod-status.ts";
import { POD_COUNT_MAX } from "../pods/pod-manager.ts";
import type { EventStore } from "../store/event-store.ts";
import { keyOf } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { markDeleted } from "./mark-deleted.ts";
import { planRollout, type RolloutGoal, type RolloutPod } from "./plan-rollout.ts";
import { hashTemplate, podFromTemplate } from "./pod-template.ts";
import { resolveLimits } from "./rollout-limits.ts";
import { msUntilDeadline, statusOfDeployment } from "./deployment-status.ts";
import type { ReconcileResult } from "./work-queue.ts";

export interface ControllerContext {
  readonly store: ObjectStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the pods that a Deployment asks for and takes away what it asks for no more. */
export class DeploymentController {
  readonly #context: ControllerContext;
  /** A template is hashed once: objects are values, so the same object has the same hash. */
  readonly #hashes = new WeakMap<PodTemplate, string>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  reconcile(namespace: string, name: string): ReconcileResult {
    const deployment = this.#context.store.get("Deployment", name, namespace);
    this.#removeOrphans(namespace, name, deployment?.metadata.uid);
    if (deployment === undefined) return;
    const hash = this.#hashOf(deployment.spec.template);
    this.#apply(deployment, hash, this.#podsOf(deployment));
    return this.#writeStatus(deployment, hash);
  }

  #apply(deployment: Deployment, hash: string, pods: readonly Pod[]): void {
    const nowMs = this.#context.clock.nowMs();
    const minReadyMs = deployment.spec.minReadySeconds * 1_000;
    const seen = pods.map((pod): RolloutPod => ({
      name: pod.metadata.name,
      isCurrent: pod.metadata.labels[labels.podTemplateHash] === hash,
      isAvailable: msUntilAvailable(pod, minReadyMs, nowMs) === 0,
      isDeleting: pod.metadata.deletionTimestamp !== undefined,
      createdAtMs: Date.parse(pod.metadata.creationTimestamp ?? ""),
    }));
    const plan = planRollout(goalOf(deployment), seen);
    const removed = new Set(plan.remove);
    for (const pod of pods) if (removed.has(pod.metadata.name)) markDeleted(this.#context, pod);
    const room = POD_COUNT_MAX - this.#context.store.list("Pod").length;
    for (let left = Math.min(plan.createCount, room); left > 0; left -= 1) {
      this.#context.store.create(podFromTemplate(deployment, hash));
    }
    this.#tell(deployment, Math.min(plan.createCount, room), plan.remove.length);
    if (plan.createCount > room) this.#warnOfLimit(deployment, plan.createCount - room);
  }

  #writeStatus(deployment: Deployment, hash: string): ReconcileResult {
    const { store, clock } = this.#context;
    const nowMs = clock.nowMs();
    const minReadyMs = deployment.spec.minReadySeconds * 1_000;
    const pods = this.#podsOf(deployment).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const waits = pods.map((pod) => msUntilAvailable(pod, minReadyMs, nowMs));
    const count = {
      pods,
      updated: pods.filter(({ metadata }) => metadata.labels[labels.podTemplateHash] === hash).length,
      available: waits.filter((waitMs) => waitMs === 0).length,
      availableMin: deployment.spec.replicas - goalOf(deployment).maxUnavailable,
    };
    store.update(deployment, (current) => ({
      ...withRevision(current, hash),
      status: statusOfDeployment(current, count, nowMs),
    }));
    const written = store.get("Deployment", deployment.metadata.name, deployment.metadata.namespace) ?? deployment;
    const soonest = Math.min(...waits.filter((waitMs) => waitMs > 0), msUntilDeadline(written, nowMs));
    return Number.isFinite(soonest) ? { requeueAfterMs: soonest } : undefined;
  }

  /**
   * Pods whose Deployment is gone go too, as the garbage collector of a cluster has it: also where another one has
   * taken the name by now.
   */
  #removeOrphans(namespace: string, name: string, presentUid: string | undefined): void {
    for (const pod of this.#context.store.list("Pod", namespace)) {
      const owner = ownerOf(pod);
      if (owner?.kind === "Deployment" && owner.name === name && owner.uid !== presentUid) {
        markDeleted(this.#context, pod);
      }
    }
  }

  #podsOf(deployment: Deployment): Pod[] {
    const { uid, namespace } = deployment.metadata;
    return this.#context.store.list("Pod", namespace).filter((pod) => ownerOf(pod)?.uid === uid);
  }

  #hashOf(template: PodTemplate): string {
    const known = this.#hashes.get(template);
    if (known !== undefined) return known;
    const hash = hashTemplate(template);
    this.#hashes.set(template, hash);
    return hash;
  }

  #tell(deployment: Deployment, created: number, removed: number): void {
    if (created === 0 && removed === 0) return;
    const changes = [created > 0 ? `created ${created}` : "", removed > 0 ? `removed ${removed}` : ""].filter(Boolean);
    const message = `Scaled pods of ${deployment.metadata.name}: ${changes.join(", ")}`;
    this.#context.events.record({
      type: "Normal",
      reason: "ScalingReplicaSet",
      message,
      source: "deployment-controller",
      about: keyOf(deployment),
    });
  }

  #warnOfLimit(deployment: Deployment, missing: number): void {
    const message = `${missing} pods are not created: this machine runs at most ${POD_COUNT_MAX} pods; scale something down`;
    this.#context.events.record({
      type: "Warning",
      reason: "FailedCreate",
      message,
      source: "deployment-controller",
      about: keyOf(deployment),
    });
  }
}

/** The object that manages a pod, or undefined for one that a user made. */
export function ownerOf(pod: Pod): { readonly kind: string; readonly name: string; readonly uid: string } | undefined {
  return pod.metadata.ownerReferences?.find(({ controller }) => controller);
}

function goalOf(deployment: Deployment): RolloutGoal {
  const { replicas, strategy, paused } = deployment.spec;
  const isRecreate = strategy.type === "Recreate";
  return { replicas, isRecreate, isPaused: paused, ...resolveLimits(strategy.rollingUpdate, replicas) };
}

/** 0 once a pod is available; infinite while it is not ready. */
function msUntilAvailable(pod: Pod, minReadyMs: number, nowMs: number): number {
  if (!isStatusReady(pod.status)) return Number.POSITIVE_INFINITY;
  const readySince = pod.status?.conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
  return Math.max(Date.parse(readySince) + minReadyMs - nowMs, 0);
}

/** The annotation counts templates: it grows when pods of a template that was not the last one are made. */
function withRevision(deployment: Deployment, hash: string): Deployment {
  const { annotations: before } = deployment.metadata;
  if (before[REVISION_HASH] === hash) return deployment;
  const revision = Number(before[annotations.deploymentRevision] ?? 0) + 1;
  const after = { ...before, [annotations.deploymentRevision]: String(revision), [REVISION_HASH]: hash };
  return { ...deployment, metadata: { ...deployment.metadata, annotations: after } };
}

/** Which template the present revision number belongs to. */
const REVISION_HASH = "kwasm.sh/revision-hash";
