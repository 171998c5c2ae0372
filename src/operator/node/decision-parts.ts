import type { Decision, Observed, Step } from "./decision.ts";
import type { ConditionView, NodeView } from "./node-view.ts";
import type { JobPodView, WorkView } from "./work-view.ts";

/** After a failure: this long at first, twice as long after each more. */
const RETRY_MS = 10_000;
const RETRY_MS_MAX = 10 * 60_000;

export function removeJob(job: WorkView, condition: ConditionView): Decision {
  return { steps: job.isLeaving ? [] : [deleteJob(job)], condition };
}

export function deleteJob({ name, uid }: WorkView): Step {
  return { kind: "delete-job", name, uid };
}

export function deleteProbe({ name, uid }: WorkView): Step {
  return { kind: "delete-probe", name, uid };
}

export function waitAfter({ endedMs, failedAttempts }: WorkView, nowMs: number): number {
  const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(failedAttempts, 20));
  // A node's clock that is ahead does not lengthen the wait beyond what it would be.
  return Math.min(delayMs, endedMs + delayMs - nowMs);
}

export function stay(condition: ConditionView): Decision {
  return { steps: [], condition };
}

/** What pods can still be started on is not called broken while something is going on. */
export function pending(node: NodeView, reason: string, message: string): ConditionView {
  return { status: node.isLabelled ? "True" : "False", reason, message };
}

export function waiting(reason: string, message: string): ConditionView {
  return { status: "False", reason, message };
}

export function failure(reason: string, message: string): ConditionView {
  return { status: "False", reason, message };
}

export function withReason(text: string, reason: string): string {
  return reason === "" ? text : `${text}: ${reason}`;
}

/** What a Job that failed says of it, best told by the installer itself. */
export function failureOf(
  job: WorkView,
  pod: JobPodView | undefined,
  { reason, what }: { readonly reason: string; readonly what: string },
): ConditionView {
  if (pod?.report !== undefined) return failure(pod.report.reason, pod.report.message);
  return failure(reason, withReason(what, pod?.message ?? job.message));
}

export function tryAgain(
  job: WorkView,
  action: "install" | "uninstall",
  { condition, nowMs }: { readonly condition: ConditionView; readonly nowMs: number },
): Decision {
  const waitMs = waitAfter(job, nowMs);
  if (waitMs > 0) return { steps: [], condition, requeueAfterMs: waitMs };
  const again: Step = { kind: "create-job", action, failedAttempts: job.failedAttempts + 1 };
  return { steps: [deleteJob(job), again], condition };
}

/**
 * Removes an installer's Job. What it did to the node, or may have done in part, is noted first where nothing else
 * tells of it: a runtime that nobody knows of would never be removed.
 */
export function removeInstaller({ node, installPod }: Observed, install: WorkView, condition: ConditionView): Decision {
  const isForeign = install.nodeUid !== node.uid;
  // A pod that is not there may have been: somebody deleted it, or it has only just been made.
  const hasBegun = installPod?.hasStarted !== false;
  if (install.isLeaving || isForeign || !hasBegun || node.installation !== undefined) {
    return removeJob(install, condition);
  }
  // Ours tells how it ended, unless it was killed; another's ends well and says nothing.
  const isOthers = install.state === "succeeded" && installPod?.hasEnded === true && installPod.report === undefined;
  const installation = { image: install.image, version: "", hasReport: !isOthers, verifiedBoot: undefined };
  return { steps: [{ kind: "note-installation", installation }, deleteJob(install)], condition };
}
