import { failureOf, waitAfter, withReason } from "../node/decision-parts.ts";
import {
  type ShimCircumstances,
  type ShimDecision,
  type ShimOnNode,
  type ShimState,
  type ShimStep,
  type ShimWork,
  STARTED,
} from "./shim-decision.ts";

/** Watches are behind by milliseconds, or by some seconds when the API server has started anew. */
const UNHEARD_MS_MAX = 30_000;

/** What is to be done about a shim on a node, from nothing but what is there. */
export function decideShim(one: ShimOnNode, circumstances: ShimCircumstances): ShimDecision {
  if (one.node.isLeaving) return stay({ kind: "absent", reason: "NodeLeaves", message: "the node is being deleted" });
  return one.isWanted ? decideWanted(one, circumstances) : decideUnwanted(one, circumstances.nowMs);
}

function decideWanted(one: ShimOnNode, { mayStart, nowMs }: ShimCircumstances): ShimDecision {
  const { node, request, install, uninstall, note } = one;
  // What is on the node already goes on being served.
  if (request.kind === "problem") return stay({ kind: "failed", reason: request.reason, message: request.message });
  if (uninstall !== undefined) return remove(uninstall, working("Installing", "the last removal is cleared away"));
  if (note === request.digest) return decideInstalled(one);
  if (install !== undefined && !isFor(install, one)) {
    return remove(install, working("Installing", "an earlier installer is cleared away"));
  }
  if (install !== undefined) return decideByJob(one, install, nowMs);
  if (!node.isReady) return stay(waiting("NodeNotReady", "waits until the node is Ready"));
  if (!mayStart) return stay(waiting("RolloutPending", "waits for its turn"));
  return start(one, "install", working("Installing", "the shim is to be installed"));
}

function decideInstalled({ isLabelled }: ShimOnNode): ShimDecision {
  if (isLabelled) return stay({ kind: "ready", reason: "HandlerServed", message: "containerd serves it" });
  return { steps: [{ kind: "label" }], state: working("Installed", "containerd serves it") };
}

function decideByJob(one: ShimOnNode, install: ShimWork, nowMs: number): ShimDecision {
  const { work, pod } = install;
  if (work.isLeaving) return stay(working("Installing", "an earlier installer is cleared away"));
  if (work.state === "running") {
    return stay(working("Installing", withReason("the installer runs", pod?.message ?? "")));
  }
  const isHeard = pod?.hasEnded === true;
  const waitMs = Math.min(UNHEARD_MS_MAX, work.endedMs + UNHEARD_MS_MAX - nowMs);
  if (!isHeard && waitMs > 0) {
    return { ...stay(working("Installing", "waits for what the installer has said")), requeueAfterMs: waitMs };
  }
  if (!isServed(install)) return decideFailed(one, install, nowMs);
  const steps: readonly ShimStep[] = [{ kind: "note", note: install.request }];
  return { steps, state: working("Installed", "containerd serves it") };
}

function isServed({ work, pod }: ShimWork): boolean {
  const outcome = pod?.report?.outcome;
  return work.state === "succeeded" && (outcome === "installed" || outcome === "unchanged");
}

function decideFailed({ hasLabel }: ShimOnNode, install: ShimWork, nowMs: number): ShimDecision {
  const { work, pod } = install;
  const outcome = pod?.report?.outcome;
  const state = work.state === "succeeded" ? unheard(install) : failed(install, "InstallerFailed");
  // The installer has given back what it found, and what was served before is served still.
  const isHarmless = outcome === "rolled-back" || outcome === "unsupported";
  if (hasLabel && !isHarmless) return { steps: [{ kind: "unlabel" }], state };
  // Nothing that changes by itself would let it succeed.
  if (outcome === "unsupported") return stay(state);
  return tryAgain(work, "install", { state, nowMs });
}

/** The pod may have been deleted before it was seen. If it was seen, its image is that of another installer. */
function unheard({ pod }: ShimWork): ShimState {
  if (pod?.hasEnded !== true) {
    return { kind: "failed", reason: "InstallerUnheard", message: "nothing was heard of an installer that has ended" };
  }
  const message =
    "the installer's image does not know shims: set SHIM_INSTALLER_IMAGE to one of this operator's release";
  return { kind: "failed", reason: "UnknownInstaller", message };
}

/** Pods are kept away first; then the shim goes, and last what is noted of it. */
function decideUnwanted(one: ShimOnNode, nowMs: number): ShimDecision {
  const { node, install, uninstall, hasLabel, note } = one;
  if (hasLabel) return { steps: [{ kind: "unlabel" }], state: removing };
  if (uninstall !== undefined) return decideRemoval(one, uninstall, nowMs);
  // It may be killed at any step, and the next one goes on from there.
  if (install !== undefined) return remove(install, removing);
  if (note === undefined) return stay({ kind: "absent", reason: "Removed", message: "nothing of it is on the node" });
  if (!node.isReady) return stay(waiting("NodeNotReady", "is removed when the node is Ready"));
  return start(one, "uninstall", removing);
}

function decideRemoval({ node, note }: ShimOnNode, uninstall: ShimWork, nowMs: number): ShimDecision {
  const { work, pod } = uninstall;
  // It is for an earlier node of this name, or its work was noted already.
  if (work.isLeaving || work.nodeUid !== node.uid || note === undefined) return remove(uninstall, removing);
  if (work.state === "running") {
    return stay(working("Removing", withReason("the installer removes the shim", pod?.message ?? "")));
  }
  const isDone = work.state === "succeeded" || pod?.report?.outcome === "unsupported";
  if (isDone) return { steps: [{ kind: "note", note: undefined }], state: removing };
  return tryAgain(work, "uninstall", { state: failed(uninstall, "RemovalFailed"), nowMs });
}

function isFor({ work, request }: ShimWork, one: ShimOnNode): boolean {
  return work.nodeUid === one.node.uid && one.request.kind === "request" && request === one.request.digest;
}

function start(one: ShimOnNode, action: "install" | "uninstall", state: ShimState): ShimDecision {
  const create: ShimStep = { kind: "create-job", action, failedAttempts: 0 };
  return { steps: one.note === STARTED ? [create] : [{ kind: "note", note: STARTED }, create], state };
}

function remove({ work }: ShimWork, state: ShimState): ShimDecision {
  return { steps: work.isLeaving ? [] : [deleteJob(work)], state };
}

function deleteJob({ name, uid, state }: ShimWork["work"]): ShimStep {
  return { kind: "delete-job", name, uid, isRunning: state === "running" };
}

function tryAgain(
  work: ShimWork["work"],
  action: "install" | "uninstall",
  { state, nowMs }: { readonly state: ShimState; readonly nowMs: number },
): ShimDecision {
  const waitMs = waitAfter(work, nowMs);
  if (waitMs > 0) return { steps: [], state, requeueAfterMs: waitMs };
  const again: ShimStep = { kind: "create-job", action, failedAttempts: work.failedAttempts + 1 };
  return { steps: [deleteJob(work), again], state };
}

const removing: ShimState = { kind: "working", reason: "Removing", message: "the shim is removed from the node" };

function stay(state: ShimState): ShimDecision {
  return { steps: [], state };
}

function working(reason: string, message: string): ShimState {
  return { kind: "working", reason, message };
}

function waiting(reason: string, message: string): ShimState {
  return { kind: "waiting", reason, message };
}

function failed({ work, pod }: ShimWork, reason: string): ShimState {
  const what = reason === "RemovalFailed" ? "the removal failed" : "the installer failed";
  const condition = failureOf(work, pod, { reason, what });
  return { kind: "failed", reason: condition.reason, message: condition.message };
}
