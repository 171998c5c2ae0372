import assert from "node:assert/strict";
import { test } from "node:test";

import type { ContainerStatus, Pod } from "#local";

import { whyHopeless } from "./hopeless-pod.ts";

type Shown = Partial<Pick<ContainerStatus, "state" | "lastState">>;

function podWith(shown: Shown): Pod {
  const status = { name: "one", ready: false, started: false, restartCount: 0, image: "a", imageID: "" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", namespace: "default", labels: {}, annotations: {} },
    spec: {
      containers: [],
      volumes: [],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
    },
    status: {
      phase: "Pending",
      conditions: [],
      containerStatuses: [{ state: {}, lastState: {}, ...status, ...shown }],
    },
  };
}

function check(shown: Shown, expected: string | undefined): void {
  const pod = podWith(shown);
  assert.equal(whyHopeless(pod, pod), expected);
}

const end = { exitCode: 134, reason: "Error", startedAt: "", finishedAt: "", message: "trapped\n  0: frame" };

test("what waiting cannot repair is said with its reason, in one line", () => {
  check(
    { state: { waiting: { reason: "ErrImagePull", message: "none" } } },
    'container "one" is in ErrImagePull: none',
  );
  check({ state: { waiting: { reason: "InvalidImageName" } } }, 'container "one" is in InvalidImageName');
  check(
    { state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } }, lastState: { terminated: end } },
    'container "one" is in CrashLoopBackOff (Error, exit code 134): trapped',
  );
  check(
    { state: { terminated: { ...end, reason: "StartError", message: "no export" } } },
    'container "one" is in StartError: no export',
  );
});

test("what may still become ready is no reason", () => {
  check({}, undefined);
  check({ state: { waiting: { reason: "ContainerCreating" } } }, undefined);
  check({ state: { running: { startedAt: "" } }, lastState: { terminated: end } }, undefined);
  check({ state: { terminated: { ...end, exitCode: 0, reason: "Completed" } } }, undefined);
});
