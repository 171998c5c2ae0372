import type { Condition, IntOrString, LabelSelector, NamespacedMeta, StringMap } from "./object.ts";
import type { PodSpec } from "./pod-spec.ts";

export interface Deployment {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment";
  readonly metadata: NamespacedMeta;
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
}

export interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly strategy: DeploymentStrategy;
  readonly minReadySeconds: number;
  readonly revisionHistoryLimit: number;
  readonly progressDeadlineSeconds: number;
  readonly paused: boolean;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: StringMap; readonly annotations: StringMap };
  readonly spec: PodSpec;
}

export interface DeploymentStrategy {
  readonly type: "RollingUpdate" | "Recreate";
  /** There for `RollingUpdate` and only there. */
  readonly rollingUpdate?: RollingUpdate;
}

/** Counts, or percentages of `replicas` such as `25%`; `resolveRollingUpdate` turns them into counts. */
export interface RollingUpdate {
  readonly maxSurge: IntOrString;
  readonly maxUnavailable: IntOrString;
}

export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
  /** `Available` and `Progressing`. */
  readonly conditions: readonly Condition[];
}
