import assert from "node:assert/strict";
import test from "node:test";

import {
  checkBase64,
  checkConfigKey,
  checkDnsLabel,
  checkIpv4,
  checkMountPath,
  checkPortName,
  checkQualifiedName,
  checkRelativePath,
  type FormatCheck,
} from "./formats.ts";

function check(format: FormatCheck, right: readonly string[], wrong: readonly string[]): void {
  test(`${format.name} takes ${right.length} texts and refuses ${wrong.length}`, () => {
    for (const text of right) assert.equal(format(text), undefined, text);
    for (const text of wrong) assert.notEqual(format(text), undefined, text);
  });
}

check(checkDnsLabel, ["a", "a-1", "1a", "x".repeat(63)], ["", "-a", "a-", "A", "a.b", "../a", "a\n", "x".repeat(64)]);
check(checkQualifiedName, ["app", "kwasm.sh/isolation", "A_b.c"], ["", "/a", "a/", "a/b/c", "-a", "A.b/c", "a b"]);
check(checkPortName, ["http", "h2", "a-b"], ["", "80", "a--b", "-a", "a-", "HTTP", "a-very-long-name"]);
check(checkConfigKey, ["a.txt", ".hidden", "A_b-c"], ["", ".", "..", "..a", "a/b", "../a", "a b"]);
check(checkRelativePath, ["a", "a/b", "a..b/c"], ["/a", "..", "a/../b", "a/..", "a\0b"]);
check(checkMountPath, ["/", "/data"], ["data", "/a:b", "/a/../b", ""]);
check(
  checkIpv4,
  ["127.0.0.1", "255.255.255.255"],
  ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4.", "::1", "localhost"],
);
check(checkBase64, ["", "YQ==", "YWJj", "YW\nJj"], ["YQ", "Y", "a=b=", "hunter2!", "YQ==="]);
