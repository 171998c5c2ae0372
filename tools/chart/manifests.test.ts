import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { renderChart } from "./helm.ts";
import { manifestsPath, renderManifests } from "./manifests.ts";
import { at, parseObjects } from "./objects.ts";

test("the plain manifests are what the chart makes", async () => {
  const fresh = (await renderManifests()) === readFileSync(manifestsPath, "utf8");
  assert.ok(fresh, "the chart changed: run npm run manifests");
});

test("the plain manifests bring their namespace and all of the chart's objects, and are no release of helm's", () => {
  const text = readFileSync(manifestsPath, "utf8");
  const objects = parseObjects(text);
  assert.deepEqual([objects[0]?.["kind"], at(objects[0], "metadata.name")], ["Namespace", "kwasm"]);
  for (const object of objects) {
    const namespace = at(object, "metadata.namespace");
    assert.ok(namespace === undefined || namespace === "kwasm");
  }
  assert.doesNotMatch(text, /helm/iu);
});

test("the plain manifests have every object of the chart", async () => {
  const kinds = parseObjects(await renderChart({}, "--no-hooks", "--include-crds")).map((one) => one["kind"]);
  const plain = parseObjects(readFileSync(manifestsPath, "utf8")).map((one) => one["kind"]);
  assert.deepEqual(plain, ["Namespace", ...kinds]);
});
