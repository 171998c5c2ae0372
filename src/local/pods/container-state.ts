import type { ExitStatus } from "#node";
import type { RestartPolicy } from "../kinds/index.ts";
import { planRestart, type RestartBackoff } from "./restart-backoff.ts";

/**
 * What one container of a pod is doing, and every way from one state to the next. Pure: the runner performs the
 * actions that come back and reports what came of them as events.
 */
export type ContainerPhase =
  /** Image, files and environment are being prepared, then the guest is started. */
  | { readonly name: "creating" }
  /** Could not be prepared (`ImagePullBackOff`, `CreateContainerConfigError`); tried again later. */
  | { readonly name: "blocked"; readonly reason: string; readonly message: string }
  | { readonly name: "running"; readonly startedAtMs: number; readonly isStarted: boolean; readonly isReady: boolean }
  /** Told to end, not ended yet. */
  | { readonly name: "ending"; readonly startedAtMs: number; readonly isRestarted: boolean }
  /** Ended, and waiting for its next start: `CrashLoopBackOff`. */
  | { readonly name: "backoff"; readonly delayMs: number }
  /** Ended for good. */
  | { readonly name: "ended" };

export interface ContainerState {
  readonly phase: ContainerPhase;
  readonly restartCount: number;
  /** How the last run ended. */
  readonly lastExit: ExitStatus | undefined;
  readonly backoff: RestartBackoff | undefined;
}

export type ContainerEvent =
  | { readonly kind: "started"; readonly nowMs: number }
  | { readonly kind: "prepare-failed"; readonly reason: string; readonly message: string; readonly nowMs: number }
  | { readonly kind: "exited"; readonly exit: ExitStatus }
  | { readonly kind: "retry-due" }
  | { readonly kind: "startup-passed" }
  | { readonly kind: "readiness"; readonly isReady: boolean }
  /** A liveness or startup probe gave up. */
  | { readonly kind: "probe-failed"; readonly graceMs: number }
  /** The pod is going. */
  | { readonly kind: "end-requested"; readonly graceMs: number };

export type ContainerAction =
  | { readonly kind: "prepare" }
  | { readonly kind: "kill"; readonly graceMs: number }
  | { readonly kind: "arm-retry"; readonly delayMs: number }
  | { readonly kind: "start-probes" }
  | { readonly kind: "stop-probes" };

export interface ContainerRules {
  readonly restartPolicy: RestartPolicy;
  readonly hasStartupProbe: boolean;
  readonly hasReadinessProbe: boolean;
}

export interface Transition {
  readonly state: ContainerState;
  readonly actions: readonly ContainerAction[];
}

/** A container that has never run; its first action is `prepare`. */
export function initialState(restartCount = 0, lastExit?: ExitStatus): ContainerState {
  return { phase: { name: "creating" }, restartCount, lastExit, backoff: undefined };
}

/** The whole table. An event that means nothing in a state (a late probe, a second request to end) changes nothing. */
export function transition(state: ContainerState, event: ContainerEvent, rules: ContainerRules): Transition {
  switch (state.phase.name) {
    case "creating":
      return fromCreating(state, event, rules);
    case "blocked":
    case "backoff":
      return fromWaiting(state, event);
    case "running":
      return fromRunning(state, state.phase, event, rules);
    case "ending":
      return fromEnding(state, state.phase, event, rules);
    case "ended":
      return unchanged(state);
  }
}

function fromCreating(state: ContainerState, event: ContainerEvent, rules: ContainerRules): Transition {
  switch (event.kind) {
    case "started": {
      const isStarted = !rules.hasStartupProbe;
      const isReady = isStarted && !rules.hasReadinessProbe;
      return to(state, { name: "running", startedAtMs: event.nowMs, isStarted, isReady }, { kind: "start-probes" });
    }
    case "prepare-failed": {
      const { delayMs, backoff } = planBlocked(state.backoff, event.nowMs);
      const phase = { name: "blocked", reason: event.reason, message: event.message } as const;
      return to({ ...state, backoff }, phase, { kind: "arm-retry", delayMs });
    }
    case "exited":
      return afterExit(state, event.exit, rules);
    case "end-requested":
      return to(state, { name: "ended" });
    default:
      return unchanged(state);
  }
}

/** The first look again at what is missing waits the shortest time too: nothing has been tried in between. */
function planBlocked(backoff: RestartBackoff | undefined, nowMs: number): ReturnType<typeof planRestart> {
  const plan = planRestart(backoff, nowMs);
  return plan.delayMs > 0 ? plan : planRestart(plan.backoff, nowMs);
}

function fromWaiting(state: ContainerState, event: ContainerEvent): Transition {
  if (event.kind === "end-requested") return to(state, { name: "ended" });
  if (event.kind !== "retry-due") return unchanged(state);
  const restartCount = state.restartCount + (state.phase.name === "backoff" ? 1 : 0);
  return to({ ...state, restartCount }, { name: "creating" }, { kind: "prepare" });
}

function fromRunning(
  state: ContainerState,
  phase: Extract<ContainerPhase, { name: "running" }>,
  event: ContainerEvent,
  rules: ContainerRules,
): Transition {
  switch (event.kind) {
    case "exited": {
      const after = afterExit(state, event.exit, rules);
      return { state: after.state, actions: [{ kind: "stop-probes" }, ...after.actions] };
    }
    case "startup-passed":
      return to(state, { ...phase, isStarted: true, isReady: phase.isReady || !rules.hasReadinessProbe });
    case "readiness":
      return to(state, { ...phase, isReady: phase.isStarted && event.isReady });
    case "probe-failed":
    case "end-requested": {
      const isRestarted = event.kind === "probe-failed";
      const ending = { name: "ending", startedAtMs: phase.startedAtMs, isRestarted } as const;
      return to(state, ending, { kind: "stop-probes" }, { kind: "kill", graceMs: event.graceMs });
    }
    default:
      return unchanged(state);
  }
}

function fromEnding(
  state: ContainerState,
  phase: Extract<ContainerPhase, { name: "ending" }>,
  event: ContainerEvent,
  rules: ContainerRules,
): Transition {
  // Also for one that is ending for good already: it may have less time now.
  if (event.kind === "end-requested") {
    return to(state, { ...phase, isRestarted: false }, { kind: "kill", graceMs: event.graceMs });
  }
  if (event.kind !== "exited") return unchanged(state);
  // A guest that a probe gave up on has failed even if it exits with 0 (the kubelet's `shouldRestartOnFailure`).
  const isOver = !phase.isRestarted || rules.restartPolicy === "Never";
  return isOver ? to({ ...state, lastExit: event.exit }, { name: "ended" }) : restart(state, event.exit);
}

/** The kubelet's `ShouldContainerBeRestarted`, then its back-off. */
function afterExit(state: ContainerState, exit: ExitStatus, rules: ContainerRules): Transition {
  const isOver = !shouldRestart(exit, rules.restartPolicy);
  return isOver ? to({ ...state, lastExit: exit }, { name: "ended" }) : restart(state, exit);
}

function restart(state: ContainerState, exit: ExitStatus): Transition {
  const { delayMs, backoff } = planRestart(state.backoff, exit.finishedAtMs);
  const ended = { ...state, lastExit: exit, backoff };
  if (delayMs === 0) {
    return to({ ...ended, restartCount: state.restartCount + 1 }, { name: "creating" }, { kind: "prepare" });
  }
  return to(ended, { name: "backoff", delayMs }, { kind: "arm-retry", delayMs });
}

function shouldRestart(exit: ExitStatus, policy: RestartPolicy): boolean {
  switch (policy) {
    case "Always":
      return true;
    case "OnFailure":
      return exit.code !== 0;
    case "Never":
      return false;
  }
}

function to(state: ContainerState, phase: ContainerPhase, ...actions: ContainerAction[]): Transition {
  return { state: { ...state, phase }, actions };
}

function unchanged(state: ContainerState): Transition {
  return { state, actions: [] };
}
