import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldAt, listAt } from "#kube";

import { readSettings } from "../settings.ts";
import type { NodeView } from "./node-view.ts";
import { makeJob, makeProbe } from "./work-objects.ts";

const settings = readSettings({ CONTROLLER_NAMESPACE: "kwasm", INSTALLER_IMAGE: "installer:v2" }, "");

const node: NodeView = {
  name: "kind-worker2",
  uid: "uid-1",
  annotation: "true",
  isLabelWish: false,
  isReady: true,
  isLeaving: false,
  isLabelled: false,
  hasLabel: false,
  installation: { image: "installer:v1", version: "1", hasReport: true, verifiedBoot: undefined },
  taints: [],
  bootId: "boot-1",
  labels: {},
  operatingSystem: "linux",
  architecture: "amd64",
  shims: {},
  condition: undefined,
};

test("an installer's Job is KWasm's to the letter, where installers of others look", () => {
  const job = makeJob({ node, action: "install", failedAttempts: 2 }, settings);
  assert.equal(job.metadata["name"], "kind-worker2-provision-kwasm");
  assert.equal(job.metadata["namespace"], "kwasm");
  assert.equal(fieldAt(job.metadata, "labels", "kwasm.sh/job"), "true");
  const [owner] = listAt(job.metadata, "ownerReferences");
  assert.deepEqual(owner, { apiVersion: "v1", kind: "Node", name: "kind-worker2", uid: "uid-1", controller: true });
  const pod = fieldAt(job["spec"], "template", "spec");
  assert.equal(fieldAt(pod, "nodeName"), "kind-worker2");
  assert.equal(fieldAt(pod, "hostPID"), true);
  assert.equal(fieldAt(pod, "restartPolicy"), "Never");
  assert.deepEqual(fieldAt(pod, "volumes"), [{ name: "root-mount", hostPath: { path: "/" } }]);
  assert.deepEqual(fieldAt(pod, "containers"), [
    {
      name: "kwasm-provision",
      image: "installer:v2",
      securityContext: { privileged: true },
      env: [{ name: "NODE_ROOT", value: "/mnt/node-root" }],
      volumeMounts: [{ name: "root-mount", mountPath: "/mnt/node-root" }],
    },
  ]);
});

test("a removal is done by the installer that installed, and is told to", () => {
  const job = makeJob({ node, action: "uninstall", failedAttempts: 0 }, settings);
  assert.equal(job.metadata["name"], "kind-worker2-deprovision-kwasm");
  const [container] = listAt(job["spec"], "template", "spec", "containers");
  assert.equal(fieldAt(container, "image"), "installer:v1");
  assert.deepEqual(listAt(container, "env").at(-1), { name: "KWASM_ACTION", value: "uninstall" });
});

test("neither an installer nor a probe has a token for the API", () => {
  for (const spec of [
    fieldAt(makeJob({ node, action: "install", failedAttempts: 0 }, settings)["spec"], "template", "spec"),
    makeProbe(node, 0, settings)["spec"],
  ]) {
    assert.equal(fieldAt(spec, "automountServiceAccountToken"), false);
    assert.deepEqual(fieldAt(spec, "tolerations"), [{ operator: "Exists" }]);
  }
});

test("a probe is of the image that was installed, in a class that selects no nodes", () => {
  const { spec } = makeProbe(node, 0, settings);
  assert.equal(fieldAt(spec, "runtimeClassName"), "kwasm-probe");
  const [container] = listAt(spec, "containers");
  assert.deepEqual([fieldAt(container, "image"), fieldAt(container, "command")], ["installer:v1", ["/probe.wasm"]]);
});
