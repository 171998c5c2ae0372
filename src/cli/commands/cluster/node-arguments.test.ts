import assert from "node:assert/strict";
import { test } from "node:test";

import { nodeNamesOf } from "./node-arguments.ts";

function check(operands: readonly string[], expected: readonly string[] | RegExp): void {
  test(JSON.stringify(operands), () => {
    if (expected instanceof RegExp) assert.throws(() => nodeNamesOf(operands), expected);
    else assert.deepEqual(nodeNamesOf(operands), expected);
  });
}

check([], []);
check(["a", "node/b", "nodes/c", "no/d"], ["a", "b", "c", "d"]);
check(["a", "node/a"], ["a"]);
check(["pod/a"], /"pod\/a" is no node: give its name/u);
check(["node/"], /"node\/" is no node/u);
check([""], /"" is no node/u);
