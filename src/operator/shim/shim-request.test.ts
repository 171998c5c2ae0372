import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldAt, type KubeObject } from "#kube";

import { type NodeView, viewNode } from "../node/node-view.ts";
import { isSelected, requestFor } from "./shim-request.ts";
import { type ShimView, viewShim } from "./shim-view.ts";

const location = "https://a.test/slow.tar.gz";
const sha256 = "a".repeat(64);
const anonHttp = { location, sha256 };

function shimOf(spec: object, metadata: object = {}): ShimView {
  const object: KubeObject = {
    apiVersion: "runtime.spinkube.dev/v1alpha1",
    kind: "Shim",
    metadata: { name: "slow", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec: { fetchStrategy: { anonHttp }, runtimeClass: { name: "slow", handler: "slow-v1" }, ...spec },
  };
  return viewShim(object);
}

function nodeOf(nodeInfo: object = {}, labels: Readonly<Record<string, string>> = {}): NodeView {
  const status = { nodeInfo: { operatingSystem: "linux", architecture: "amd64", ...nodeInfo } };
  return viewNode({ apiVersion: "v1", kind: "Node", metadata: { name: "a", labels }, status });
}

/** A part of what the installer is asked for, or the reason why it is not asked. */
function check(spec: object, expected: object | string, more: { node?: NodeView; others?: readonly ShimView[] } = {}) {
  const { node = nodeOf(), others = [] } = more;
  const request = requestFor(shimOf(spec), node, others);
  if (typeof expected === "string") {
    assert.equal(request.kind === "problem" ? request.reason : request.text, expected);
    return;
  }
  assert.ok(request.kind === "request", JSON.stringify(request));
  const asked: unknown = JSON.parse(request.text);
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(fieldAt(asked, name), value);
}

const amd64 = { os: "linux", arch: "x86_64", location: "https://a.test/amd64", sha256 };
const arm64 = { os: "linux", arch: "arm64", location: "https://a.test/arm64", sha256 };
const both = { fetchStrategy: { anonHttp, platforms: [arm64, amd64] } };

test("an archive for all nodes is asked for on each", () => {
  check({}, { name: "slow", handler: "slow-v1", url: location, sha256, options: {} });
  check({}, { url: location }, { node: nodeOf({ architecture: "riscv64" }) });
});

test("platforms take precedence, by the names of Go and of uname", () => {
  check(both, { url: amd64.location });
  check(both, { url: arm64.location }, { node: nodeOf({ architecture: "arm64" }) });
  check(both, "NoPlatform", { node: nodeOf({ architecture: "riscv64" }) });
  check({ fetchStrategy: {} }, "NoPlatform");
});

test("a digest is needed, in whatever case it is written", () => {
  check({ fetchStrategy: { anonHttp: { location } } }, "DigestMissing");
  check({ fetchStrategy: { anonHttp: { location, sha256: sha256.toUpperCase() } } }, { sha256 });
});

test("options that are written for TOML are told as what they are", () => {
  const containerdRuntimeOptions = { a: "true", b: "false", c: "-12", d: "007", e: '"quoted"', f: "plain", g: "1.5" };
  const options = { a: true, b: false, c: -12, d: "007", e: "quoted", f: "plain", g: "1.5" };
  check({ containerdRuntimeOptions }, { options });
});

test("of two Shims with one handler on a node the earlier has it", () => {
  const later = shimOf({}, { name: "later", creationTimestamp: "2026-01-02T00:00:00Z" });
  const earlier = shimOf({}, { name: "earlier", creationTimestamp: "2025-01-01T00:00:00Z" });
  const elsewhere = shimOf({ nodeSelector: { pool: "b" } }, { name: "elsewhere", creationTimestamp: "2025-01-01" });
  const otherwise = shimOf({ runtimeClass: { name: "x", handler: "x" } }, { name: "x", creationTimestamp: "2025" });
  check({}, { url: location }, { others: [shimOf({}), later, elsewhere, otherwise] });
  check({}, "HandlerTaken", { others: [later, earlier] });
});

test("names that neither labels nor containerd take are told of", () => {
  for (const handler of ["", "a.b", "A", "a".repeat(64), 5]) {
    check({ runtimeClass: { name: "a", handler } }, "InvalidName");
  }
});

function digestOf(spec: object): string {
  const request = requestFor(shimOf(spec), nodeOf(), []);
  return request.kind === "request" ? request.digest : "";
}

test("a change of what is asked for changes its digest, and nothing else does", () => {
  const rollout = { rolloutStrategy: { type: "recreate" }, nodeSelector: { pool: "a" } };
  assert.equal(digestOf({}), digestOf(rollout));
  assert.notEqual(digestOf({}), digestOf({ containerdRuntimeOptions: { a: "1" } }));
});

test("a node is selected by all of the labels, and only if it runs Linux", () => {
  const shim = shimOf({ nodeSelector: { pool: "a", disk: "" } });
  assert.ok(isSelected(shim, nodeOf({}, { pool: "a", disk: "", more: "x" })));
  assert.ok(!isSelected(shim, nodeOf({}, { pool: "a" })));
  assert.ok(!isSelected(shimOf({}), nodeOf({ operatingSystem: "windows" })));
  assert.ok(isSelected(shimOf({}), nodeOf()));
});

test("one node at once, a number of them, or all", () => {
  const rows = [
    [undefined, 1],
    [{ type: "rolling" }, 1],
    [{ type: "rolling", rolling: { maxUpdate: 7 } }, 7],
    [{ type: "rolling", rolling: { maxUpdate: -7 } }, 1],
    [{ type: "recreate", rolling: { maxUpdate: 7 } }, Infinity],
  ] as const;
  for (const [rolloutStrategy, expected] of rows) assert.equal(shimOf({ rolloutStrategy }).maxUpdate, expected);
});

test("a Shim that is no such thing is read as far as it is one", () => {
  const object = { apiVersion: "v1", kind: "Shim", metadata: { name: "odd" } };
  for (const spec of [
    undefined,
    null,
    5,
    [],
    { nodeSelector: [1], fetchStrategy: { platforms: [5] }, runtimeClass: "" },
  ]) {
    const shim = viewShim({ ...object, spec });
    assert.equal(requestFor(shim, nodeOf(), []).kind, "problem");
  }
});
