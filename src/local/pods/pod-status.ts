import { isDeepStrictEqual } from "node:util";
import type { ExitStatus } from "#node";
import type {
  Condition,
  ContainerState as ShownState,
  ContainerStateTerminated,
  ContainerStatus,
  PodPhase,
  PodStatus,
} from "../kinds/index.ts";
import { timestampOf } from "../store/timestamp.ts";
import type { ContainerState } from "./container-state.ts";

/** One container with what is known of it beside its state. */
export interface ContainerReport {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID: string | undefined;
  readonly state: ContainerState;
}

export interface PodReport {
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  readonly podIP: string | undefined;
  readonly startedAtMs: number;
  readonly containers: readonly ContainerReport[];
  readonly isDeleting: boolean;
  /** The pod as a whole failed (`DeadlineExceeded`); shown instead of the phase. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}

/** The address that pods see as their node's. */
export const HOST_IP = "127.0.0.1";

/** A pod's status as the kubelet would write it. `before` keeps the times of conditions that did not change. */
export function statusOfPod(report: PodReport, before: PodStatus | undefined, nowMs: number): PodStatus {
  const containerStatuses = report.containers.map(statusOfContainer);
  const phase = report.failure === undefined ? phaseOf(report) : "Failed";
  const status = {
    phase,
    conditions: conditionsOf(containerStatuses, phase, before, nowMs),
    containerStatuses,
    hostIP: HOST_IP,
    startTime: timestampOf(report.startedAtMs),
    ...(report.podIP === undefined ? {} : { podIP: report.podIP }),
    ...report.failure,
  };
  return before !== undefined && isDeepStrictEqual(status, before) ? before : status;
}

/** The kubelet's `getPhase` for pods without init containers. */
function phaseOf(report: PodReport): PodPhase {
  const states = report.containers.map(({ state }) => state);
  if (states.every(({ phase }) => phase.name === "ended")) {
    if (report.restartPolicy === "Always" && !report.isDeleting) return "Running";
    return states.every(({ lastExit }) => lastExit?.code === 0) ? "Succeeded" : "Failed";
  }
  const isWaitingForFirstRun = states.some(({ phase, lastExit }) => isWaiting(phase.name) && lastExit === undefined);
  return isWaitingForFirstRun ? "Pending" : "Running";
}

function isWaiting(phaseName: ContainerState["phase"]["name"]): boolean {
  return phaseName === "creating" || phaseName === "blocked";
}

function statusOfContainer(report: ContainerReport): ContainerStatus {
  const { phase, restartCount, lastExit } = report.state;
  const hasEnded = phase.name === "ended";
  return {
    name: report.name,
    state: shownState(report),
    lastState: lastExit === undefined || hasEnded ? {} : { terminated: terminatedOf(lastExit, report.containerID) },
    ready: phase.name === "running" && phase.isReady,
    started: phase.name === "running" && phase.isStarted,
    restartCount,
    image: report.image,
    imageID: report.imageID,
    ...(report.containerID === undefined ? {} : { containerID: report.containerID }),
  };
}

function shownState(report: ContainerReport): ShownState {
  const { phase, lastExit } = report.state;
  switch (phase.name) {
    case "creating":
      return { waiting: { reason: "ContainerCreating" } };
    case "blocked":
      return { waiting: { reason: phase.reason, message: phase.message } };
    case "running":
    case "ending":
      return { running: { startedAt: timestampOf(phase.startedAtMs) } };
    case "backoff": {
      const message = `back-off ${phase.delayMs / 1_000}s restarting failed container=${report.name}`;
      return { waiting: { reason: "CrashLoopBackOff", message } };
    }
    case "ended":
      if (lastExit === undefined) return { waiting: { reason: "ContainerCreating" } };
      return { terminated: terminatedOf(lastExit, report.containerID) };
  }
}

function terminatedOf(exit: ExitStatus, containerID: string | undefined): ContainerStateTerminated {
  return {
    exitCode: exit.code,
    reason: exit.reason,
    startedAt: timestampOf(exit.startedAtMs),
    finishedAt: timestampOf(exit.finishedAtMs),
    ...(exit.message === "" ? {} : { message: exit.message }),
    ...(containerID === undefined ? {} : { containerID }),
  };
}

function conditionsOf(
  containers: readonly ContainerStatus[],
  phase: PodPhase,
  before: PodStatus | undefined,
  nowMs: number,
): readonly Condition[] {
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const readiness = readinessOf(unready, phase);
  const wanted: Condition[] = [
    { type: "PodScheduled", status: "True" },
    { type: "Initialized", status: "True" },
    { type: "ContainersReady", ...readiness },
    { type: "Ready", ...readiness },
  ];
  return wanted.map((condition) => withTransitionTime(condition, before?.conditions ?? [], nowMs));
}

function readinessOf(unready: readonly string[], phase: PodPhase): Omit<Condition, "type"> {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  if (unready.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  };
}

/** Sets the time of a condition's last change of status: the old one's while the status is the same. */
function withTransitionTime(condition: Condition, before: readonly Condition[], nowMs: number): Condition {
  const old = before.find(({ type }) => type === condition.type);
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : undefined;
  return { ...condition, lastTransitionTime: lastTransitionTime ?? timestampOf(nowMs) };
}

/** Whether a pod takes connections: its condition `Ready`. */
export function isStatusReady(status: PodStatus | undefined): boolean {
  return status?.conditions.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}
