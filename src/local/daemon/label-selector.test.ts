import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseLabelSelector } from "./label-selector.ts";

const labels = { app: "web", tier: "front" };

test("selectors of every form match as kubectl's do", () => {
  for (const [text, expected] of [
    ["", true],
    ["app=web", true],
    ["app==web,tier=front", true],
    ["app=web,tier=back", false],
    ["app!=db", true],
    ["none!=db", true],
    ["app in (db, web)", true],
    ["app notin (db,web)", false],
    ["none notin (db)", true],
    ["none in (db)", false],
    ["app", true],
    ["!app", false],
    ["!none , app", true],
    ["example.com/x=1", false],
  ] as const) {
    assert.equal(parseLabelSelector(text)(labels), expected, text);
  }
});

test("anything else is refused with the selector in the message", () => {
  for (const text of ["app=a=b", "app in web", "a b", "=x", "app in (a", "a,,b"]) {
    assert.throws(() => parseLabelSelector(text), { code: "invalid-argument" }, text);
  }
  assert.throws(() => parseLabelSelector("a".repeat(4_097)), { code: "limit-exceeded" });
});

test("no text makes it throw anything but its own errors", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        parseLabelSelector(text)(labels);
      } catch (error) {
        assert(error instanceof Error && error.name === "KwasmError");
      }
    }),
  );
});
