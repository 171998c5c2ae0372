import assert from "node:assert/strict";
import { test } from "node:test";

import { isolationGroupOf } from "./isolation-group.ts";

function groupOf(id: string, podNamespace: string, isolation?: string, containerdNamespace = "k8s.io"): string {
  const annotations = {
    "io.kubernetes.cri.sandbox-namespace": podNamespace,
    ...(isolation === undefined ? {} : { "kwasm.sh/isolation": isolation }),
  };
  return isolationGroupOf({ namespace: containerdNamespace, id, bundle: "/b" }, annotations);
}

test("pods of a namespace share a cell unless they ask for something else", () => {
  assert.equal(groupOf("a", "shop"), groupOf("b", "shop", "namespace"));
  assert.notEqual(groupOf("a", "shop"), groupOf("a", "bank"));
  assert.equal(groupOf("a", "shop", "node"), groupOf("b", "bank", "node"));
  assert.notEqual(groupOf("a", "shop", "pod"), groupOf("b", "shop", "pod"));
});

test("no two kinds of groups, and no two namespaces of containerd, meet", () => {
  const groups = [
    groupOf("x", "x"),
    groupOf("x", "x", "node"),
    groupOf("x", "x", "pod"),
    groupOf("x", "x", "node", "moby"),
    groupOf("x", "x", undefined, "moby"),
  ];
  assert.equal(new Set(groups).size, groups.length);
});

test("another word is refused", () => {
  assert.throws(() => groupOf("a", "shop", "none"), { code: "invalid-argument", message: /"none"/u });
});
