import assert from "node:assert/strict";
import test from "node:test";

import { formatDiff } from "./format-diff.ts";
import { withText } from "./plan.ts";

function check(name: string, before: string | undefined, after: string | undefined, expected: string): void {
  test(`difference: ${name}`, () => {
    const [old, next] = [before, after].map((text) => (text === undefined ? undefined : withText(undefined, text)));
    assert.equal(formatDiff([{ path: "/a", before: old, after: next, restored: undefined }]), expected);
  });
}

check("none", "x\n", "x\n", "");
check("neither there", undefined, undefined, "");
check("a new file", undefined, "x\n", "--- /dev/null\n+++ /a\n@@ -0,0 +1,1 @@\n+x\n");
check("a removed file", "x\n", undefined, "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n");
check(
  "a line in the middle",
  "1\n2\n3\n4\n5\n",
  "1\n2\nx\n4\n5\n",
  "--- /a\n+++ /a\n@@ -1,5 +1,5 @@\n 1\n 2\n-3\n+x\n 4\n 5\n",
);
check("no line end", "1", "1\n2\n", "--- /a\n+++ /a\n@@ -1,1 +1,2 @@\n-1\n\\ No newline at end of file\n+1\n+2\n");
check("bytes that are no text", "a\0", undefined, "--- /a\n+++ /dev/null\n@@ a program, removed @@\n");
