import assert from "node:assert/strict";
import { test } from "node:test";

import type { RuntimeClassView } from "../runtime-class/runtime-class-view.ts";
import { decideClass } from "./shim-class.ts";
import { viewShim } from "./shim-view.ts";

const shim = viewShim({
  apiVersion: "runtime.spinkube.dev/v1alpha1",
  kind: "Shim",
  metadata: { name: "slow", uid: "shim-1" },
  spec: { runtimeClass: { name: "slow", handler: "slow" } },
});

const ours: RuntimeClassView = {
  uid: "class-1",
  handler: "slow",
  nodeSelector: { "shim.kwasm.sh/slow": "ready" },
  memory: undefined,
  isManaged: true,
  shimUid: "shim-1",
};
const users: RuntimeClassView = { ...ours, nodeSelector: undefined, isManaged: false, shimUid: undefined };

const rows: readonly (readonly [string, RuntimeClassView | undefined, string])[] = [
  ["there is none", undefined, "apply"],
  ["it is as it should be", ours, "nothing"],
  ["somebody changed its selector", { ...ours, nodeSelector: {} }, "apply"],
  ["the operator's settings made it", { ...ours, shimUid: undefined }, "apply"],
  ["the operator's settings made it with another handler", { ...ours, shimUid: undefined, handler: "spin" }, "replace"],
  ["it is left from an earlier Shim", { ...ours, shimUid: "gone" }, "apply"],
  ["it is another Shim's", { ...ours, shimUid: "shim-2" }, "problem"],
  ["a user made it with this handler", users, "nothing"],
  ["a user made it with another handler", { ...users, handler: "runc" }, "problem"],
];

for (const [name, known, expected] of rows) {
  test(`a Shim's class when ${name}: ${expected}`, () => {
    assert.equal(decideClass(shim, known, (uid) => uid === "shim-1" || uid === "shim-2").kind, expected);
  });
}
