import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { KubeObject } from "#kube";
import { isWanted, viewNode } from "#operator";

import {
  annotationForProvision,
  annotationForRemoval,
  type Judge,
  judgeDeprovision,
  judgeProvision,
} from "./judge-node.ts";
import { installed, makeNode, makeUnready } from "./testing/objects.ts";

function check(name: string, judge: Judge, node: KubeObject, expected: readonly [kind: string, text: string]): void {
  test(name, () => {
    const { kind, text } = judge(viewNode(node));
    assert.deepEqual([kind, text], expected);
  });
}

const running = { reason: "Installing", message: "the installer runs" };
const failed = { reason: "ConfigurationInvalid", message: "containerd refuses it" };

check("ready is what has the labels", judgeProvision, makeNode(), ["done", "ready: version 1.2.3 runs Wasm pods"]);
check("nothing was said yet", judgeProvision, makeUnready({ condition: undefined }), [
  "pending",
  "waits for the operator",
]);
check("a step goes on", judgeProvision, makeUnready({ condition: running }), [
  "pending",
  "Installing: the installer runs",
]);
check("a failure ends it", judgeProvision, makeUnready({ condition: failed }), [
  "failed",
  "ConfigurationInvalid: containerd refuses it",
]);
check("removed is what has nothing", judgeDeprovision, makeUnready({ annotations: {}, condition: undefined }), [
  "done",
  "removed",
]);
check("a note is left", judgeDeprovision, makeUnready({ annotations: installed, condition: undefined }), [
  "pending",
  "waits for the operator",
]);
check("a condition is left", judgeDeprovision, makeUnready({ annotations: {}, condition: running }), [
  "pending",
  "Installing: the installer runs",
]);
check("a removal that failed", judgeDeprovision, makeNode({ labels: {}, condition: failed }), [
  "failed",
  "ConfigurationInvalid: containerd refuses it",
]);

const annotation = fc.constantFrom(undefined, "true", "false", "yes");

test("after the change, a node is wanted or not as it was asked", () => {
  fc.assert(
    fc.property(annotation, fc.boolean(), fc.boolean(), (value, isLabelWish, isAutomatic) => {
      const node = { ...viewNode(makeNode()), annotation: value, isLabelWish };
      const removal = annotationForRemoval(node, isAutomatic);
      const removed = removal === undefined ? value : (removal ?? undefined);
      assert.equal(isWanted({ ...node, annotation: removed }, isAutomatic), false);
      assert.equal(isWanted({ ...node, annotation: annotationForProvision(node) ?? value }, isAutomatic), true);
    }),
  );
});

test("the annotation goes where that is enough", () => {
  const node = viewNode(makeNode());
  assert.deepEqual([annotationForRemoval(node, false), annotationForRemoval(node, true)], [null, "false"]);
});
