import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostErrorCode } from "../host-error.ts";
import { checkOutcome } from "./grant-fixture.ts";
import { type GuestPath, NAME_BYTES_MAX, parseGuestPath, PATH_BYTES_MAX } from "./guest-path.ts";

test("paths are cut at their slashes", () => {
  checkParsed("a", { segments: ["a"], trailingSlash: false, absolute: false });
  checkParsed("a//b/./..", { segments: ["a", "b", ".", ".."], trailingSlash: false, absolute: false });
  checkParsed("a/b///", { segments: ["a", "b"], trailingSlash: true, absolute: false });
  checkParsed("/", { segments: [], trailingSlash: true, absolute: true });
  checkParsed("/a", { segments: ["a"], trailingSlash: false, absolute: true });
});

test("paths that no kernel would take are refused by code", () => {
  checkRefused("", "no-entry");
  checkRefused("a\0", "invalid");
  checkRefused("\ud800", "illegal-byte-sequence");
  checkRefused("n".repeat(NAME_BYTES_MAX), "ok");
  checkRefused("n".repeat(NAME_BYTES_MAX + 1), "name-too-long");
  checkRefused("ä".repeat(NAME_BYTES_MAX / 2 + 1), "name-too-long");
  checkRefused("a/".repeat(PATH_BYTES_MAX / 2), "ok");
  checkRefused(`${"a/".repeat(PATH_BYTES_MAX / 2)}a`, "name-too-long");
});

function checkParsed(path: string, expected: GuestPath): void {
  assert.deepEqual(parseGuestPath(path), expected);
}

function checkRefused(path: string, expected: HostErrorCode | "ok"): void {
  checkOutcome(() => void parseGuestPath(path), expected, path);
}
