import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { HostError, hostErrorCode } from "./host-error.ts";

test("system errors become codes by their own code, whatever their text", () => {
  check(
    thrownBy(() => readdirSync("/proc/self/no-such-name")),
    "no-entry",
  );
  check(Object.assign(new Error("ENOENT"), { code: "EXDEV" }), "cross-device");
  check(Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_VALUE" }), "io");
  check("EPERM", "io");
  check(new HostError("loop", "follow a link"), "loop");
});

test("what was thrown is kept as the cause, and a HostError stays itself", () => {
  const thrown = thrownBy(() => readdirSync("/proc/self/no-such-name"));
  const error = HostError.from(thrown, "list 'x'");
  assert.equal(error.cause, thrown);
  assert.match(error.message, /^list 'x': ENOENT/);
  assert.equal(HostError.from(error, "again"), error);
});

function check(thrown: unknown, expected: string): void {
  assert.equal(hostErrorCode(thrown), expected);
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
