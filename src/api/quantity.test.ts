import assert from "node:assert/strict";
import test from "node:test";

import * as fc from "fast-check";

import { type ErrorCode, KwasmError } from "#base";

import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityToMilli,
  quantityToNumber,
} from "./quantity.ts";

function check(text: string, expected: { canonical: string; value: number; milli?: number }): void {
  test(`quantity ${JSON.stringify(text)} is ${expected.canonical}`, () => {
    const quantity = parseQuantity(text);
    assert.equal(formatQuantity(quantity), expected.canonical);
    assert.equal(quantityToNumber(quantity), expected.value);
    if (expected.milli !== undefined) assert.equal(quantityToMilli(quantity), expected.milli);
  });
}

function refuse(text: string, code: ErrorCode): void {
  test(`quantity ${JSON.stringify(text.slice(0, 40))} is refused`, () => {
    assert.throws(
      () => parseQuantity(text),
      (thrown) => thrown instanceof KwasmError && thrown.code === code,
    );
  });
}

// Expected values were printed by apimachinery v0.34.1.
check("0", { canonical: "0", value: 0, milli: 0 });
check("-0", { canonical: "0", value: 0, milli: 0 });
check("+", { canonical: "0", value: 0 });
check("0.5", { canonical: "500m", value: 1, milli: 500 });
check(".5", { canonical: "500m", value: 1, milli: 500 });
check("100m", { canonical: "100m", value: 1, milli: 100 });
check("1000000m", { canonical: "1k", value: 1000 });
check("1.5m", { canonical: "1500u", value: 1, milli: 2 });
check("0.333", { canonical: "333m", value: 1, milli: 333 });
check("1.5Gi", { canonical: "1536Mi", value: 1_610_612_736 });
check("1024Ki", { canonical: "1Mi", value: 1_048_576 });
check("2048Mi", { canonical: "2Gi", value: 2_147_483_648 });
check("1000Ki", { canonical: "1000Ki", value: 1_024_000 });
check("0.5Ki", { canonical: "512", value: 512 });
check("1.1Ki", { canonical: "1126400m", value: 1127, milli: 1_126_400 });
check("-1.5Ki", { canonical: "-1536", value: -1536 });
check("9Ei", { canonical: "9223372036854775807", value: 2 ** 63 });
check("1000k", { canonical: "1M", value: 1_000_000 });
check("1E", { canonical: "1E", value: 1e18 });
check("1e3", { canonical: "1e3", value: 1000 });
check("1E3", { canonical: "1e3", value: 1000 });
check("1e19", { canonical: "10e18", value: 1e19 });
check("1e-1", { canonical: "100e-3", value: 1, milli: 100 });
check("123e-2", { canonical: "1230e-3", value: 2, milli: 1230 });
check("3.5e2", { canonical: "350", value: 350 });
check("0.1n", { canonical: "1n", value: 1, milli: 1 });
check("1.23456789n", { canonical: "2n", value: 1 });
check("12345678901234567890", { canonical: "12345678901234567890", value: Number(12_345_678_901_234_567_890n) });

for (const text of ["", " 1", "1 ", "1_000", "1K", "1e", "1Kb", "0x1", "1e3Ki", "1.2.3", "--1", "Gi1", "1mi", "½"]) {
  refuse(text, "invalid-argument");
}
refuse("1e1000000", "limit-exceeded");
refuse("1e-101", "limit-exceeded");
refuse("9".repeat(129), "limit-exceeded");

const quantityText = fc
  .tuple(
    fc.constantFrom("", "-", "+"),
    fc.bigInt({ min: 0n, max: 10n ** 20n }),
    fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n })),
    fc.constantFrom("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-2"),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === null ? "" : `.${fraction}`}${suffix}`);

test("the canonical form means the same amount and is its own canonical form", () => {
  fc.assert(
    fc.property(quantityText, (text) => {
      const canonical = canonicalQuantity(text);
      assert.equal(parseQuantity(canonical).nanos, parseQuantity(text).nanos);
      assert.equal(canonicalQuantity(canonical), canonical);
    }),
  );
});

test("order of amounts is order of the numbers they stand for", () => {
  fc.assert(
    fc.property(quantityText, quantityText, (left, right) => {
      const [leftQuantity, rightQuantity] = [parseQuantity(left), parseQuantity(right)];
      const sign = compareQuantities(leftQuantity, rightQuantity);
      assert.equal(Math.sign(Number(leftQuantity.nanos - rightQuantity.nanos)), sign);
    }),
  );
});

test("any text is a quantity or a typed error", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from("0123456789.+-eEinumkKMGTP x")) }), (text) => {
      try {
        parseQuantity(text);
      } catch (thrown) {
        assert.ok(thrown instanceof KwasmError);
      }
    }),
  );
});
