import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parseAllDocuments } from "yaml";

import type { KubeObject } from "#kube";

import { provisionsAll, viewOperator } from "./find-operators.ts";

const manifests = join(import.meta.dirname, "../../../../deploy/kwasm-operator.yaml");

/** The Deployment as we release it. */
function readDeployment(): KubeObject {
  // The manifests are ours, and a real API server takes them in another test.
  const objects = parseAllDocuments(readFileSync(manifests, "utf8")).map((document) => document.toJS() as KubeObject);
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  assert.ok(deployment !== undefined);
  return deployment;
}

function makeOperator(env: readonly object[], args: readonly string[] = []): KubeObject {
  const containers = [{ name: "sidecar" }, { name: "kwasm-operator", image: "operator:1", args, env }];
  const metadata = { name: "kwasm-operator", namespace: "kwasm" };
  const spec = { template: { spec: { containers } }, selector: { matchLabels: { a: "1", b: "2" } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec, status: { readyReplicas: 1 } };
}

const inNamespace = { name: "CONTROLLER_NAMESPACE", value: "kwasm" };

test("the released operator is recognised with its settings", () => {
  const operator = viewOperator(readDeployment());
  assert.ok(operator?.settings !== undefined);
  const { namespace, isElected, replicas, replicasReady, podSelector, settings } = operator;
  assert.deepEqual([namespace, isElected, replicas, replicasReady], ["kwasm", true, 1, 0]);
  assert.match(podSelector, /app\.kubernetes\.io\/name=kwasm-operator/u);
  assert.deepEqual(
    settings.runtimeClasses.map(({ name }) => name),
    ["kwasm", "wasmtime-spin-v2"],
  );
});

test("KWasm's own operator is one too, whatever stands beside it", () => {
  const operator = viewOperator(makeOperator([inNamespace, { name: "AUTO_PROVISION_NODES", value: "True" }]));
  assert.deepEqual([operator?.image, operator?.isElected, operator?.podSelector], ["operator:1", false, "a=1,b=2"]);
  assert.equal(provisionsAll(operator && [operator]), true);
});

test("a Deployment that is told no namespace is no operator", () => {
  assert.equal(viewOperator(makeOperator([{ name: "CONTROLLER_NAMESPACE", valueFrom: {} }])), undefined);
  assert.equal(viewOperator({ ...makeOperator([]), spec: null }), undefined);
});

test("settings that cannot be understood are told, not thrown", () => {
  const operator = viewOperator(makeOperator([inNamespace, { name: "MAX_UNAVAILABLE", value: "none" }]));
  assert.equal(operator?.settings, undefined);
  assert.match(operator?.settingsProblem ?? "", /"MAX_UNAVAILABLE": "none" is neither/u);
});
