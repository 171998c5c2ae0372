import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { expandVariables } from "./expand-variables.ts";

const values = new Map([
  ["A", "1"],
  ["EMPTY", ""],
  ["NESTED", "$(A)"],
]);

test("known variables are replaced, all else stays as it is written", () => {
  for (const [text, expected] of [
    ["$(A)", "1"],
    ["x$(A)y$(A)z", "x1y1z"],
    ["$(EMPTY)", ""],
    ["$(MISSING)", "$(MISSING)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$(NESTED)", "$(A)"],
    ["$A ${A} $(A", "$A ${A} $(A"],
    ["$", "$"],
    ["$$", "$"],
  ] as const) {
    assert.equal(expandVariables(text, values), expected, text);
  }
});

test("a text without a dollar is never changed", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll("$", "");
      assert.equal(expandVariables(plain, values), plain);
    }),
  );
});
