import assert from "node:assert/strict";
import test from "node:test";

import { podStatusWord } from "./pod.ts";
import type { Pod } from "./pod.ts";
import type { ContainerState, PodPhase } from "./pod-status.ts";

interface Situation {
  readonly phase: PodPhase;
  readonly states: readonly ContainerState[];
  readonly isReady?: boolean;
  readonly isDeleted?: boolean;
  readonly reason?: string;
}

function check(expected: string, situation: Situation): void {
  test(`the status word is ${expected}`, () => {
    assert.equal(podStatusWord(podIn(situation)), expected);
  });
}

function podIn({ phase, states, isReady = false, isDeleted = false, reason }: Situation): Pod {
  const containerStatuses = states.map((state, index) => {
    const ready = state.running !== undefined;
    return { name: `c${index}`, state, lastState: {}, ready, started: ready, restartCount: 0, image: "", imageID: "" };
  });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      namespace: "default",
      labels: {},
      annotations: {},
      ...(isDeleted ? { deletionTimestamp: "2026-11-22T11:55:00Z" } : {}),
    },
    spec: {
      containers: [],
      volumes: [],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
    },
    status: {
      phase,
      containerStatuses,
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

const running = { running: { startedAt: "2026-11-22T11:55:00Z" } };
const completed = { terminated: { exitCode: 0, reason: "Completed" } };

check("Pending", { phase: "Pending", states: [] });
check("ContainerCreating", { phase: "Pending", states: [{ waiting: { reason: "ContainerCreating" } }] });
check("CrashLoopBackOff", { phase: "Running", states: [running, { waiting: { reason: "CrashLoopBackOff" } }] });
check("Running", { phase: "Running", states: [running], isReady: true });
check("Running", { phase: "Running", states: [completed, running], isReady: true });
check("NotReady", { phase: "Running", states: [completed, running] });
check("Completed", { phase: "Succeeded", states: [completed] });
check("OOMKilled", { phase: "Failed", states: [{ terminated: { exitCode: 137, reason: "OOMKilled" } }] });
check("ExitCode:3", { phase: "Failed", states: [{ terminated: { exitCode: 3 } }] });
check("Signal:9", { phase: "Failed", states: [{ terminated: { exitCode: 137, signal: 9 } }] });
check("Terminating", { phase: "Running", states: [running], isReady: true, isDeleted: true });
check("DeadlineExceeded", { phase: "Failed", states: [], reason: "DeadlineExceeded" });
