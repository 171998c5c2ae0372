import assert from "node:assert/strict";
import { test } from "node:test";
import { runSymlinkAttack } from "./symlink-attack.ts";

test("no open leaves a grant whose directories are swapped for symlinks meanwhile", async () => {
  const opens = 20_000;
  const report = await runSymlinkAttack(opens, "file-layer");
  assert.equal(report.escapes, 0);
  assert.ok(report.successes > 0 && report.swaps > 0, "both sides were at work");
  for (const code of Object.keys(report.errors)) {
    assert.ok(["no-entry", "not-permitted"].includes(code), `the only errors are those of the swap, not '${code}'`);
  }
});
