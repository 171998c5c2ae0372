import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ExitStatus } from "#node";
import {
  type ContainerEvent,
  type ContainerRules,
  type ContainerState,
  initialState,
  transition,
} from "./container-state.ts";

const plain: ContainerRules = { restartPolicy: "Always", hasStartupProbe: false, hasReadinessProbe: false };

function exit(code: number, finishedAtMs = 1_000): ContainerEvent {
  const status: ExitStatus = {
    code,
    reason: code === 0 ? "Completed" : "Error",
    message: "",
    startedAtMs: 0,
    finishedAtMs,
  };
  return { kind: "exited", exit: status };
}

const started: ContainerEvent = { kind: "started", nowMs: 0 };
const endRequested: ContainerEvent = { kind: "end-requested", graceMs: 5 };
const probeFailed: ContainerEvent = { kind: "probe-failed", graceMs: 7 };

/** Plays events from the beginning; compares the phase at the end, the restarts, and the last event's actions. */
function check(
  events: readonly ContainerEvent[],
  expected: readonly [phase: string, restarts: number, ...actions: string[]],
  rules = plain,
): ContainerState {
  let state = initialState();
  let actions: readonly { readonly kind: string }[] = [];
  for (const event of events) ({ state, actions } = transition(state, event, rules));
  assert.deepEqual([state.phase.name, state.restartCount, ...actions.map(({ kind }) => kind)], expected);
  return state;
}

test("a container that starts is probed, and ready at once without probes", () => {
  const { phase } = check([started], ["running", 0, "start-probes"]);
  assert(phase.name === "running" && phase.isStarted && phase.isReady);
});

test("a readiness probe decides readiness, a startup probe comes before it", () => {
  const rules = { ...plain, hasStartupProbe: true, hasReadinessProbe: true };
  const readiness = { kind: "readiness", isReady: true } as const;
  const early = check([started, readiness], ["running", 0], rules);
  assert(early.phase.name === "running" && !early.phase.isReady);
  const late = check([started, { kind: "startup-passed" }, readiness], ["running", 0], rules);
  assert(late.phase.name === "running" && late.phase.isReady);
});

test("the first end restarts at once, the second waits", () => {
  check([started, exit(1)], ["creating", 1, "stop-probes", "prepare"]);
  check([started, exit(1), started, exit(1)], ["backoff", 1, "stop-probes", "arm-retry"]);
  check([started, exit(1), started, exit(1), { kind: "retry-due" }], ["creating", 2, "prepare"]);
});

test("the restart policy judges the exit code", () => {
  for (const [restartPolicy, code, phase] of [
    ["Always", 0, "creating"],
    ["OnFailure", 0, "ended"],
    ["OnFailure", 1, "creating"],
    ["Never", 0, "ended"],
    ["Never", 1, "ended"],
  ] as const) {
    const { state } = transition(transition(initialState(), started, plain).state, exit(code), {
      ...plain,
      restartPolicy,
    });
    assert.equal(state.phase.name, phase, `${restartPolicy} ${code}`);
  }
});

test("a failed probe ends the guest with its grace, and restarts it afterwards", () => {
  check([started, probeFailed], ["ending", 0, "stop-probes", "kill"]);
  check([started, probeFailed, exit(143)], ["creating", 1, "prepare"]);
});

test("an end that a probe asked for is a failure, whatever the exit code", () => {
  for (const [restartPolicy, code, phase] of [
    ["Always", 0, "creating"],
    ["OnFailure", 0, "creating"],
    ["OnFailure", 143, "creating"],
    ["Never", 0, "ended"],
    ["Never", 143, "ended"],
  ] as const) {
    const rules = { ...plain, restartPolicy };
    const ending = transition(transition(initialState(), started, rules).state, probeFailed, rules);
    const { state } = transition(ending.state, exit(code), rules);
    assert.equal(state.phase.name, phase, `${restartPolicy} ${code}`);
  }
});

test("a pod that goes while a probe restarts its guest is not restarted", () => {
  check([started, probeFailed, endRequested], ["ending", 0, "kill"]);
  check([started, probeFailed, endRequested, exit(137)], ["ended", 0]);
});

test("what cannot be prepared is tried again later, without counting as a restart", () => {
  const failed = { kind: "prepare-failed", reason: "ErrImagePull", message: "none", nowMs: 0 } as const;
  check([failed], ["blocked", 0, "arm-retry"]);
  check([failed, { kind: "retry-due" }], ["creating", 0, "prepare"]);
  check([failed, endRequested], ["ended", 0]);
});

const anyEvent = fc.constantFrom<ContainerEvent>(
  started,
  exit(0),
  exit(1),
  { kind: "prepare-failed", reason: "R", message: "m", nowMs: 0 },
  { kind: "retry-due" },
  { kind: "startup-passed" },
  { kind: "readiness", isReady: true },
  probeFailed,
  endRequested,
);

test("whatever comes, an ended container stays ended and restarts are never taken back", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state = initialState();
      for (const event of events) {
        const next = transition(state, event, plain);
        if (state.phase.name === "ended") assert.equal(next.state, state);
        if (event.kind === "end-requested") assert(["ended", "ending"].includes(next.state.phase.name));
        assert(next.state.restartCount >= state.restartCount);
        const isStarting = next.actions.some(({ kind }) => kind === "prepare");
        assert.equal(isStarting, isStarting && next.state.phase.name === "creating");
        state = next.state;
      }
    }),
  );
});
