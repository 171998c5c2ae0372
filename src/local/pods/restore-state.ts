import type { ExitReason, ExitStatus } from "#node";
import type { ContainerStateTerminated, ContainerStatus } from "../kinds/index.ts";
import { type ContainerRules, type ContainerState, initialState, transition } from "./container-state.ts";

/** Exit code of a guest that ended with the control process that ran it: as if killed. */
const LOST_EXIT_CODE = 137;

/**
 * Where a container goes on after the control process was away. Its guest is gone: what ran counts as ended without a
 * known status, which the restart policy then judges; what waited goes on from the start of its wait.
 */
export function restoreState(
  status: ContainerStatus | undefined,
  rules: ContainerRules,
  nowMs: number,
): ContainerState {
  if (status === undefined) return initialState();
  const { running, terminated } = status.state;
  const lastExit = exitOf(terminated ?? status.lastState.terminated);
  const before = initialState(status.restartCount, lastExit);
  if (running !== undefined) {
    return transition(before, { kind: "exited", exit: lostExit(Date.parse(running.startedAt), nowMs) }, rules).state;
  }
  if (terminated !== undefined) return { ...before, phase: { name: "ended" } };
  const isRestart = status.state.waiting?.reason === "CrashLoopBackOff";
  return isRestart ? { ...before, restartCount: status.restartCount + 1 } : before;
}

function lostExit(startedAtMs: number, nowMs: number): ExitStatus {
  return {
    code: LOST_EXIT_CODE,
    reason: "ContainerStatusUnknown",
    message: "the control process ended while the container ran, and its guest with it",
    startedAtMs,
    finishedAtMs: nowMs,
  };
}

const exitReasons: readonly ExitReason[] = ["Completed", "Error", "OOMKilled", "StartError", "ContainerStatusUnknown"];

function exitOf(terminated: ContainerStateTerminated | undefined): ExitStatus | undefined {
  if (terminated === undefined) return undefined;
  return {
    code: terminated.exitCode,
    reason: exitReasons.find((reason) => reason === terminated.reason) ?? "Error",
    message: terminated.message ?? "",
    startedAtMs: Date.parse(terminated.startedAt ?? "") || 0,
    finishedAtMs: Date.parse(terminated.finishedAt ?? "") || 0,
  };
}
