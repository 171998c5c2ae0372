import assert from "node:assert/strict";
import test from "node:test";

import * as fc from "fast-check";

import { readManifests } from "./read-manifests.ts";

const scalars = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom("v1", "Pod", "Deployment", null, "../", "1Gi"),
);
const fieldNames = fc.constantFrom(
  "apiVersion",
  "kind",
  "metadata",
  "name",
  "spec",
  "containers",
  "template",
  "selector",
  "matchLabels",
  "ports",
  "env",
  "resources",
  "limits",
  "volumes",
  "items",
  "__proto__",
  "constructor",
  "status",
  "x",
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 8 },
    scalars,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fieldNames, tie("tree")),
  ),
}));

test("any object becomes objects or problems", () => {
  const kinds = fc.constantFrom(
    "Pod",
    "Deployment",
    "Service",
    "ConfigMap",
    "Secret",
    "Namespace",
    "RuntimeClass",
    "List",
  );
  fc.assert(
    fc.property(
      kinds,
      fc.constantFrom("v1", "apps/v1", "node.k8s.io/v1"),
      tree,
      tree,
      (kind, apiVersion, metadata, spec) => {
        const text = JSON.stringify({ apiVersion, kind, metadata, spec, data: spec, items: [spec] });
        assert.ok(Array.isArray(readManifests([{ name: "f", text }]).problems));
      },
    ),
    { numRuns: 500 },
  );
});

test("any text becomes objects or problems", () => {
  const marks = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: ",
    "|",
    "? ",
    "'",
    '"',
    "#",
    "---\n",
    "!!x ",
    "%",
    "\t",
    "kind: Pod\n",
  );
  fc.assert(
    fc.property(fc.string({ unit: marks, maxLength: 200 }), (text) => {
      assert.ok(Array.isArray(readManifests([{ name: "f", text }]).problems));
    }),
    { numRuns: 1000 },
  );
});
