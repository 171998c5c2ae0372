import {
  checkDnsSubdomain,
  checkPercent,
  type Cursor,
  flag,
  integer,
  integerOr,
  invalid,
  mapped,
  objectOf,
  oneOf,
  optional,
  required,
  type Schema,
  text,
  withDefault,
} from "../schema/index.ts";
import { describeContainers, describeVolumes } from "./describe-containers.ts";
import { describeAnnotations, describeIdentity, describeLabels } from "./describe-metadata.ts";
import { ageOf, formatMoment } from "./human-duration.ts";
import { type DescribeLine, type KindDefinition, line } from "./kind.ts";
import { formatSelector, matchesSelector } from "./label-selector.ts";
import { labelSelector, namespacedMeta } from "./metadata.ts";
import { podTemplate } from "./pod-template.ts";
import type { Condition, IntOrString, LabelSelector, NamespacedMeta } from "./object.ts";
import type { Container, PodTemplate } from "./pod-spec.ts";

/** Pods of one deployment on one machine; the largest cluster that Kubernetes is tested for has 150,000 in all. */
const REPLICAS_MAX = 100_000;

const rollingUpdateDefault: RollingUpdate = { maxSurge: "25%", maxUnavailable: "25%" };

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

const read: Schema<Deployment> = objectOf<Omit<Deployment, "status">>({
  fields: {
    apiVersion: required(oneOf("apps/v1")),
    kind: required(oneOf("Deployment")),
    metadata: required(namespacedMeta(checkDnsSubdomain)),
    spec: required(deploymentSpec()),
  },
  serverOwned: ["status"],
});

function deploymentSpec(): Schema<DeploymentSpec> {
  return objectOf<DeploymentSpec>({
    fields: {
      replicas: withDefault(integer(0, REPLICAS_MAX), 1),
      selector: required(labelSelector()),
      template: required(podTemplate("Always")),
      strategy: withDefault(strategy(), { type: "RollingUpdate", rollingUpdate: rollingUpdateDefault }),
      minReadySeconds: withDefault(integer(0), 0),
      revisionHistoryLimit: withDefault(integer(0), 10),
      progressDeadlineSeconds: withDefault(integer(1), 600),
      paused: withDefault(flag(), false),
    },
    rule: checkSpec,
  });
}

function checkSpec(
  { selector, template, minReadySeconds, progressDeadlineSeconds }: DeploymentSpec,
  cursor: Cursor,
): void {
  const isEmpty = Object.keys(selector.matchLabels).length + selector.matchExpressions.length === 0;
  if (isEmpty) cursor.find("selector").refuse("Invalid value: {}: empty selector is invalid for deployment");
  const { labels } = template.metadata;
  if (!isEmpty && !matchesSelector(selector, labels)) {
    const place = cursor.find("template", "metadata", "labels");
    place.refuse(
      invalid(labels, `\`selector\` does not match template \`labels\`: it wants ${formatSelector(selector)}`),
    );
  }
  if (progressDeadlineSeconds <= minReadySeconds) {
    const place = cursor.find("progressDeadlineSeconds");
    place.refuse(invalid(progressDeadlineSeconds, "must be greater than minReadySeconds"));
  }
}

/** An empty strategy, as `kubectl create --dry-run` prints it, is the default one. */
function strategy(): Schema<DeploymentStrategy> {
  const fields = objectOf<DeploymentStrategy>({
    fields: {
      type: withDefault(oneOf("Recreate", "RollingUpdate"), "RollingUpdate"),
      rollingUpdate: optional(rollingUpdate()),
    },
    rule: (value, cursor) => {
      if (value.type === "RollingUpdate" || value.rollingUpdate === undefined) return;
      cursor.find("rollingUpdate").refuse("Forbidden: may not be specified when strategy `type` is 'Recreate'");
    },
  });
  return mapped(fields, ({ type, rollingUpdate: limits = rollingUpdateDefault }) =>
    type === "RollingUpdate" ? { type, rollingUpdate: limits } : { type },
  );
}

function rollingUpdate(): Schema<RollingUpdate> {
  const count = integerOr(integer(0), text(checkPercent));
  return objectOf<RollingUpdate>({
    fields: { maxSurge: withDefault(count, "25%"), maxUnavailable: withDefault(count, "25%") },
    rule: ({ maxSurge, maxUnavailable }, cursor) => {
      const place = cursor.find("maxUnavailable");
      if (typeof maxUnavailable === "string" && Number.parseInt(maxUnavailable, 10) > 100) {
        place.refuse(invalid(maxUnavailable, "must not be greater than 100%"));
      }
      if (isZero(maxSurge) && isZero(maxUnavailable)) {
        place.refuse(invalid(maxUnavailable, "may not be 0 when `maxSurge` is 0"));
      }
    },
  });
}

function isZero(count: IntOrString): boolean {
  return Number.parseInt(String(count), 10) === 0;
}

export const deploymentKind: KindDefinition<Deployment> = {
  kind: "Deployment",
  apiVersion: "apps/v1",
  plural: "deployments",
  shortNames: ["deploy"],
  isNamespaced: true,
  read,
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "READY", cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}` },
    { header: "UP-TO-DATE", cell: ({ status }) => String(status?.updatedReplicas ?? 0) },
    { header: "AVAILABLE", cell: ({ status }) => String(status?.availableReplicas ?? 0) },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
    { header: "CONTAINERS", isWide: true, cell: ({ spec }) => joinContainers(spec, ({ name }) => name) },
    { header: "IMAGES", isWide: true, cell: ({ spec }) => joinContainers(spec, ({ image }) => image) },
    { header: "SELECTOR", isWide: true, cell: ({ spec }) => formatSelector(spec.selector) },
  ],
  describe: describeDeployment,
};

function joinContainers({ template }: DeploymentSpec, show: (container: Container) => string): string {
  return template.spec.containers.map(show).join(",");
}

function describeDeployment({ metadata, spec, status }: Deployment): readonly DescribeLine[] {
  const { rollingUpdate: limits } = spec.strategy;
  return [
    ...describeIdentity(metadata),
    line(0, "CreationTimestamp:", formatMoment(metadata.creationTimestamp ?? "")),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    line(0, "Selector:", formatSelector(spec.selector)),
    line(0, "Replicas:", describeReplicas(spec, status)),
    line(0, "StrategyType:", spec.strategy.type),
    line(0, "MinReadySeconds:", String(spec.minReadySeconds)),
    ...(limits === undefined
      ? []
      : [line(0, "RollingUpdateStrategy:", `${limits.maxUnavailable} max unavailable, ${limits.maxSurge} max surge`)]),
    line(0, "Pod Template:"),
    ...describeLabels(1, "Labels:", spec.template.metadata.labels),
    ...(Object.keys(spec.template.metadata.annotations).length === 0
      ? []
      : describeAnnotations(1, spec.template.metadata.annotations)),
    ...describeContainers(1, spec.template.spec.containers),
    ...describeVolumes(1, spec.template.spec.volumes),
    ...describeConditions(status?.conditions ?? []),
  ];
}

function describeReplicas({ replicas }: DeploymentSpec, status: DeploymentStatus | undefined): string {
  const counts: readonly (readonly [number, string])[] = [
    [replicas, "desired"],
    [status?.updatedReplicas ?? 0, "updated"],
    [status?.replicas ?? 0, "total"],
    [status?.availableReplicas ?? 0, "available"],
    [status?.unavailableReplicas ?? 0, "unavailable"],
  ];
  return counts.map(([count, word]) => `${count} ${word}`).join(" | ");
}

function describeConditions(conditions: readonly Condition[]): readonly DescribeLine[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status, reason = "" }) => line(1, type, status, reason));
  return [line(0, "Conditions:"), line(1, "Type", "Status", "Reason"), line(1, "----", "------", "------"), ...rows];
}
