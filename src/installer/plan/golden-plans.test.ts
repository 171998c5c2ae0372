import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { FakeNode } from "../testing/fake-node.ts";
import { nodeFixtures } from "../testing/fixtures.ts";
import { formatDiff } from "./format-diff.ts";

/** Files outside our own folder, which are the same everywhere. */
function isConfiguration({ path }: { readonly path: string }): boolean {
  return !/^\/opt\/kwasm\/|\/common\/kwasm\//u.test(path);
}

suite("the change of a node's configuration is the one that was read and approved", () => {
  for (const fixture of nodeFixtures) {
    test(fixture, async () => {
      using node = new FakeNode(fixture);
      const plan = await node.look("plan");
      assert.ok(plan.kind === "plan");
      const expected = readFileSync(join(import.meta.dirname, "../testdata/plans", `${fixture}.diff`), "utf8");
      assert.equal(formatDiff(plan.edits.filter(isConfiguration)), expected);
    });
  }
});
