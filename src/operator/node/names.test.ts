import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { jobNameOf, labelValueOf, probeNameOf, shimJobNameOf } from "./names.ts";

/** Names of Nodes as the API takes them: RFC 1123 subdomains. */
const nodeNames = fc
  .stringMatching(/^[a-z\d]([-a-z\d]{0,20}[a-z\d])?(\.[a-z\d]([-a-z\d]{0,30}[a-z\d])?){0,5}$/u)
  .filter(({ length }) => length <= 253);

test("names that fit are KWasm's to the letter", () => {
  assert.equal(jobNameOf("kind-worker2", "install"), "kind-worker2-provision-kwasm");
  assert.equal(jobNameOf("kind-worker2", "uninstall"), "kind-worker2-deprovision-kwasm");
  assert.equal(labelValueOf("kind-worker2"), "kind-worker2");
});

test("every name is one that the API takes as a label's value, and no two nodes share one", () => {
  fc.assert(
    fc.property(nodeNames, nodeNames, (left, right) => {
      const namings = [
        labelValueOf,
        probeNameOf,
        ...(["install", "uninstall"] as const).map((action) => (node: string) => jobNameOf(node, action)),
      ];
      for (const nameOf of namings) {
        assert.match(nameOf(left), /^[a-z\d]([-a-z\d.]{0,61}[a-z\d])?$/u);
        assert.equal(nameOf(left) === nameOf(right), left === right);
      }
      assert.equal(new Set(namings.map((nameOf) => nameOf(left))).size, namings.length);
    }),
  );
});

test("a name of 63 characters is kept, and one of 64 is cut to its hash", () => {
  const ending = "-provision-kwasm".length;
  const fits = "n".repeat(63 - ending);
  assert.equal(jobNameOf(fits, "install"), `${fits}-provision-kwasm`);
  assert.equal(jobNameOf(`${fits}n`, "install").length, 63);
  assert.doesNotMatch(jobNameOf(`${fits}n`, "install"), /n-provision-kwasm$/u);
});

/** Names of Shims as the definition takes them. */
const shimNames = fc.stringMatching(/^[a-z\d]([-a-z\d]{0,61}[a-z\d])?$/u);

test("every shim on every node has Jobs of its own", () => {
  assert.match(shimJobNameOf("kind-worker2", "spin", "install"), /^kind-worker2-spin-[a-f\d]{10}-install-shim$/u);
  assert.notEqual(shimJobNameOf("a-b", "c", "install"), shimJobNameOf("a", "b-c", "install"));
  fc.assert(
    fc.property(nodeNames, shimNames, (node, shim) => {
      const names = (["install", "uninstall"] as const).map((action) => shimJobNameOf(node, shim, action));
      for (const name of names) assert.match(name, /^[a-z\d]([-a-z\d.]{0,61}[a-z\d])?$/u);
      const others = [jobNameOf(node, "install"), jobNameOf(node, "uninstall"), probeNameOf(node)];
      assert.equal(new Set([...names, ...others]).size, 5);
    }),
  );
});
