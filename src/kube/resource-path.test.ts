import assert from "node:assert/strict";
import { test } from "node:test";

import { collectionPath, formatQuery, objectPath } from "./resource-path.ts";
import { resourceTypes } from "./resource-type.ts";

const { job, node, pod, runtimeClass } = resourceTypes;

test("paths are the API's", () => {
  for (const [path, expected] of [
    [collectionPath(node), "/api/v1/nodes"],
    [collectionPath(node, "ignored"), "/api/v1/nodes"],
    [collectionPath(pod), "/api/v1/pods"],
    [collectionPath(job, "kwasm"), "/apis/batch/v1/namespaces/kwasm/jobs"],
    [objectPath(runtimeClass, { name: "kwasm" }), "/apis/node.k8s.io/v1/runtimeclasses/kwasm"],
    [objectPath(pod, { name: "a", namespace: "b" }, "log"), "/api/v1/namespaces/b/pods/a/log"],
    [objectPath(node, { name: "../pods?x" }), "/api/v1/nodes/..%2Fpods%3Fx"],
  ]) {
    assert.equal(path, expected);
  }
});

test("an object without its whole name is not addressed", () => {
  for (const name of [{ name: "" }, { name: "a" }, { name: "a", namespace: "" }, { name: "", namespace: "b" }]) {
    assert.throws(() => objectPath(pod, name), { code: "invalid-argument" });
  }
  for (const name of [".", ".."]) assert.throws(() => objectPath(node, { name }), { code: "invalid-argument" });
});

test("a query has what is defined, escaped", () => {
  assert.equal(
    formatQuery({ limit: 5, labelSelector: "a in (b,c)", watch: true }),
    "?limit=5&labelSelector=a+in+%28b%2Cc%29&watch=true",
  );
  assert.equal(formatQuery({ limit: undefined }), "");
});
