import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, KwasmError } from "#base";
import { moduleLimits } from "./limits.ts";
import { requireCoreModule } from "./recognise.ts";

function check(bytes: readonly number[] | Uint8Array, code: ErrorCode, words: string): void {
  assert.throws(
    () => requireCoreModule(Uint8Array.from(bytes)),
    (error) => error instanceof KwasmError && error.code === code && error.message.includes(words),
    words,
  );
}

test("passes for a core module", () => {
  requireCoreModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
});

test("says what a file is that is no core module", () => {
  check([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], "unsupported", "this is a component");
  check([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0], "unsupported", 'version "2"');
  check([], "invalid-argument", "empty");
  check([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], "invalid-argument", "ELF");
  check([0x1f, 0x8b, 8, 0], "invalid-argument", "gzip");
  check(Buffer.from("  (module (func))"), "invalid-argument", "WebAssembly text");
  check(Buffer.from("#!/bin/sh\n"), "invalid-argument", "script");
  check(Buffer.from("hello\n"), "invalid-argument", "text");
  check([1, 2, 3, 4, 5, 6, 7, 8], "invalid-argument", "unknown binary data");
});

test("tells a truncated preamble from a foreign file", () => {
  check([0, 0x61, 0x73], "corrupt", 'after "3" bytes');
  check([0, 0x61, 0x73, 0x6d, 1, 0, 0], "corrupt", 'after "7" bytes');
});

test("takes a module at the limit, and refuses a larger file before looking into it", () => {
  const module = new Uint8Array(moduleLimits.moduleBytesMax);
  module.set([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  requireCoreModule(module);
  check(new Uint8Array(moduleLimits.moduleBytesMax + 1), "limit-exceeded", `"${moduleLimits.moduleBytesMax}"`);
});
