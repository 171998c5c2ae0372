import { checkDnsSubdomain, objectOf, oneOf, required } from "../schema/index.ts";
import { describeContainers, describeVolumes } from "./describe-containers.ts";
import { describeAnnotations, describeIdentity, describeLabels } from "./describe-metadata.ts";
import { ageOf, formatAge, formatMoment } from "./human-duration.ts";
import { type DescribeContext, type DescribeLine, type KindDefinition, line, lineOf } from "./kind.ts";
import { namespacedMeta } from "./metadata.ts";
import type { Condition, NamespacedMeta, OwnerReference } from "./object.ts";
import type { Container, PodSpec } from "./pod-spec.ts";
import type { ContainerState, PodStatus } from "./pod-status.ts";
import { podSpec } from "./pod-template.ts";

export interface Pod {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: NamespacedMeta;
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

export const podKind: KindDefinition<Pod> = {
  kind: "Pod",
  apiVersion: "v1",
  plural: "pods",
  shortNames: ["po"],
  isNamespaced: true,
  read: objectOf<Omit<Pod, "status">>({
    fields: {
      apiVersion: required(oneOf("v1")),
      kind: required(oneOf("Pod")),
      metadata: required(namespacedMeta(checkDnsSubdomain)),
      spec: required(podSpec("Always", "OnFailure", "Never")),
    },
    serverOwned: ["status"],
  }),
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "READY", cell: (pod) => `${readyCount(pod)}/${pod.spec.containers.length}` },
    { header: "STATUS", cell: podStatusWord },
    { header: "RESTARTS", cell: (pod, { nowMs }) => describeRestarts(pod, nowMs) },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
    { header: "IP", isWide: true, cell: ({ status }) => status?.podIP ?? "<none>" },
    { header: "NODE", isWide: true, cell: ({ spec }) => spec.nodeName ?? "<none>" },
    { header: "NOMINATED NODE", isWide: true, cell: () => "<none>" },
    { header: "READINESS GATES", isWide: true, cell: () => "<none>" },
  ],
  describe: describePod,
};

/**
 * The word under STATUS: the first thing that a user should know. As kubectl has it, that is what the last unhappy
 * container waits for or ended with, before the phase of the pod.
 */
export function podStatusWord({ metadata, status }: Pod): string {
  const phase = status?.reason ?? status?.phase ?? "Pending";
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const statuses = status?.containerStatuses ?? [];
  // kubectl walks from the last container to the first, so the first one's word stays.
  const word = statuses.map(({ state }) => wordOfState(state)).find((found) => found !== undefined);
  const isRunning = statuses.some(({ ready, state }) => ready && state.running !== undefined);
  if (word === "Completed" && isRunning) return isReady(status) ? "Running" : "NotReady";
  return word ?? phase;
}

function wordOfState({ waiting, terminated }: ContainerState): string | undefined {
  if (waiting !== undefined && waiting.reason !== "") return waiting.reason;
  if (terminated === undefined) return undefined;
  if (terminated.reason !== undefined && terminated.reason !== "") return terminated.reason;
  return terminated.signal === undefined ? `ExitCode:${terminated.exitCode}` : `Signal:${terminated.signal}`;
}

/** Whether services may send to the pod. */
export function isPodReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && isReady(status);
}

function isReady(status: PodStatus | undefined): boolean {
  return status?.conditions.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

function readyCount({ status }: Pod): number {
  return status?.containerStatuses.filter(({ ready, state }) => ready && state.running !== undefined).length ?? 0;
}

/** `2 (10s ago)`: restarts of all containers, and when the last one was. */
function describeRestarts({ status }: Pod, nowMs: number): string {
  const statuses = status?.containerStatuses ?? [];
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const ends = statuses.map(({ lastState }) => lastState.terminated?.finishedAt ?? "").toSorted();
  const last = ends.at(-1) ?? "";
  return count === 0 || last === "" ? String(count) : `${count} (${formatAge(last, nowMs)} ago)`;
}

function describePod(pod: Pod, { nowMs }: DescribeContext): readonly DescribeLine[] {
  const { metadata, spec, status } = pod;
  return [
    ...describeIdentity(metadata),
    ...lineOf(0, "Runtime Class Name:", spec.runtimeClassName),
    ...describePlace(pod),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    ...describePhase(pod, nowMs),
    ...lineOf(0, "Reason:", status?.reason),
    ...lineOf(0, "Message:", status?.message),
    ...describeAddress(status?.podIP),
    ...describeOwner(metadata.ownerReferences ?? []),
    ...describeContainers(0, spec.containers, status?.containerStatuses),
    ...describeConditions(status?.conditions ?? []),
    ...describeVolumes(0, spec.volumes),
    line(0, "QoS Class:", qualityOfService(spec.containers)),
  ];
}

function describePlace({ spec, status }: Pod): readonly DescribeLine[] {
  const node = spec.nodeName === undefined ? "<none>" : `${spec.nodeName}/${status?.hostIP ?? ""}`;
  return [line(0, "Node:", node), ...lineOf(0, "Start Time:", status?.startTime && formatMoment(status.startTime))];
}

function describeAddress(address: string | undefined): readonly DescribeLine[] {
  if (address === undefined) return [line(0, "IP:", ""), line(0, "IPs:", "<none>")];
  return [line(0, "IP:", address), line(0, "IPs:"), line(1, "IP:", address)];
}

function describePhase({ metadata, status }: Pod, nowMs: number): readonly DescribeLine[] {
  const phase = status?.phase ?? "Pending";
  const isOver = phase === "Failed" || phase === "Succeeded";
  if (metadata.deletionTimestamp === undefined || isOver) return [line(0, "Status:", phase)];
  return [
    line(0, "Status:", `Terminating (lasts ${formatAge(metadata.deletionTimestamp, nowMs)})`),
    line(0, "Termination Grace Period:", `${metadata.deletionGracePeriodSeconds ?? 0}s`),
  ];
}

function describeOwner(owners: readonly OwnerReference[]): readonly DescribeLine[] {
  const owner = owners.find(({ controller }) => controller);
  return owner === undefined ? [] : [line(0, "Controlled By:", `${owner.kind}/${owner.name}`)];
}

function describeConditions(conditions: readonly Condition[]): readonly DescribeLine[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status }) => line(1, type, status));
  return [line(0, "Conditions:"), line(1, "Type", "Status"), ...rows];
}

/** Kubernetes' class: Guaranteed where every container has equal requests and limits of both cpu and memory. */
function qualityOfService(containers: readonly Container[]): string {
  const computed = ["cpu", "memory"];
  const isBare = containers.every(({ resources }) => computed.every((name) => resources.requests[name] === undefined));
  if (isBare) return "BestEffort";
  const isGuaranteed = containers.every(({ resources: { limits, requests } }) =>
    computed.every((name) => limits[name] !== undefined && limits[name] === requests[name]),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
