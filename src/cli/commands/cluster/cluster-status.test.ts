import assert from "node:assert/strict";
import { test } from "node:test";

import { isRuntimeHandler } from "#api";
import type { KubeObject } from "#kube";
import { formatTable } from "#local";

import { viewClusterNode } from "./cluster-node.ts";
import { statusOfCluster, tableOfClasses, tableOfNodes } from "./cluster-status.ts";
import { makeClass, makeNode, makeUnready } from "./testing/objects.ts";
import { findWasmClasses } from "./wasm-class.ts";

const selector = { "kwasm.sh/ready": "true" };

function statusOf(nodes: readonly KubeObject[], classes: readonly KubeObject[] = [], isAutomatic = false) {
  return statusOfCluster({
    nodes: nodes.map(viewClusterNode),
    classes: findWasmClasses(classes, new Set(["slow"])),
    isAutomatic,
    isWasmHandler: isRuntimeHandler,
  });
}

function linesOf({ headers, rows }: ReturnType<typeof tableOfNodes>): readonly string[] {
  return formatTable(headers, rows).trimEnd().split("\n");
}

function checkNode(
  name: string,
  node: KubeObject,
  expected: RegExp,
  { isWide = false, isAutomatic = false } = {},
): void {
  test(`a node: ${name}`, () => {
    const lines = linesOf(tableOfNodes(statusOf([node], [], isAutomatic), isWide));
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? "", expected);
  });
}

checkNode("ready", makeNode(), /^n1 +yes +yes +1\.2\.3 +WasmPodRan +version 1\.2\.3 runs Wasm pods$/u);
checkNode(
  "asked, and on its way",
  makeUnready({ condition: { reason: "Installing", message: "the installer runs" } }),
  /^n1 +yes +no +<none> +Installing +the installer runs$/u,
);
checkNode(
  "nobody asked for it",
  makeUnready({ annotations: {}, condition: undefined }),
  /^n1 +no +no +<none> +<none>$/u,
);
checkNode("all nodes are asked", makeUnready({ annotations: {}, condition: undefined }), /^n1 +yes +no /u, {
  isAutomatic: true,
});
checkNode(
  "refuses where all are asked",
  makeUnready({ annotations: { "kwasm.sh/kwasm-node": "false" }, condition: undefined }),
  /^n1 +no +no /u,
  { isAutomatic: true },
);
checkNode("one label alone is not ready", makeNode({ labels: selector }), /^n1 +yes +no /u);
checkNode(
  "served handlers",
  makeNode({ handlers: ["", "runc", "kwasm", "spin"] }),
  /1\.2\.3 +kwasm,spin +installer:1 /u,
  {
    isWide: true,
  },
);
checkNode("a kubelet that does not say", makeNode(), /1\.2\.3 +<unknown> +installer:1 /u, { isWide: true });
checkNode("nothing of Wasm is served", makeUnready({ handlers: ["runc"] }), /<none> +<none> +<none> +WasmPodRan/u, {
  isWide: true,
});

test("a class counts the nodes that serve it among those that its pods may be put on", () => {
  const nodes = [
    makeNode(),
    makeUnready({ name: "n2" }),
    makeUnready({ name: "n3", taints: [{ key: "control-plane", effect: "NoSchedule" }] }),
    makeUnready({ name: "n4", taints: [{ key: "slow-disk", effect: "PreferNoSchedule" }] }),
  ];
  const classes = [
    makeClass("kwasm", "kwasm", selector),
    makeClass("wasmtime", "spin"),
    makeClass("kwasm-probe", "kwasm"),
    makeClass("gvisor", "runsc"),
    makeClass("slow", "slow"),
  ];
  assert.deepEqual(linesOf(tableOfClasses(statusOf(nodes, classes))), [
    "RUNTIMECLASS   HANDLER   NODES   SELECTOR",
    "kwasm          kwasm     1/1     kwasm.sh/ready=true",
    "wasmtime       spin      1/3     <none>",
    "slow           slow      0/3     <none>",
  ]);
});

test("what containerd serves counts more than a label", () => {
  const nodes = [makeNode({ handlers: ["runc"] }), makeUnready({ name: "n2", handlers: ["spin"] })];
  const [{ nodesServing } = {}] = statusOf(nodes, [makeClass("wasmtime", "spin")]).runtimeClasses;
  assert.equal(nodesServing, 1);
});

test("JSON has the same, with null for what is not known", () => {
  const [node] = statusOf([makeNode()]).nodes;
  assert.deepEqual(node, {
    name: "n1",
    wanted: true,
    ready: true,
    version: "1.2.3",
    installerImage: "installer:1",
    reason: "WasmPodRan",
    message: "version 1.2.3 runs Wasm pods",
    handlers: null,
  });
});
