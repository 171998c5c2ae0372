import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import type { KubeObject } from "#kube";

import { shimDefinitionName, viewDefinition } from "./definition.ts";

const path = join(import.meta.dirname, "../../../charts/kwasm-operator/crds/shims.yaml");
// What the chart has is an object of Kubernetes; helm's tests and an API server's check it.
const definition = parse(readFileSync(path, "utf8")) as KubeObject;
const established = { conditions: [{ type: "Established", status: "True" }] };

test("the chart's definition is the one that the operator looks for", () => {
  assert.equal(definition.metadata.name, shimDefinitionName);
  assert.deepEqual(viewDefinition({ ...definition, status: established }), { isServed: true, hasStatus: true });
});

test("a definition is waited for until it is served", () => {
  const waiting = { conditions: [{ type: "Established", status: "False" }] };
  for (const status of [undefined, {}, waiting]) {
    assert.equal(viewDefinition({ ...definition, status }).isServed, false);
  }
});

test("runtime-class-manager's definition has no status that could be written", () => {
  const version = { name: "v1alpha1", served: true, storage: true, subresources: {} };
  const theirs = { ...definition, spec: { versions: [version] }, status: established };
  assert.deepEqual(viewDefinition(theirs), { isServed: true, hasStatus: false });
});
