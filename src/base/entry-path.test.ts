import assert from "node:assert/strict";
import { test } from "node:test";
import { entryPath } from "./entry-path.ts";

function check(moduleUrl: string, expected: string): void {
  assert.equal(entryPath(moduleUrl, "../cell/main.ts", "cell.js"), expected);
}

test("an entry stands beside its caller when run from source", () => {
  check("file:///srv/kwasm/src/node/control/cells.ts", "/srv/kwasm/src/node/cell/main.ts");
});

test("an entry is a sibling of the bundle", () => {
  check("file:///srv/kwasm/dist/kwasm.js", "/srv/kwasm/dist/cell.js");
  check("file:///srv/with%20space/dist/kwasm.js", "/srv/with space/dist/cell.js");
});
