import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { typedValue } from "../testing/random-values.ts";
import { factsOf, primitive, resourceType } from "../types/make-type.ts";
import type { FunctionType, ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";
import { waveLimits } from "./limits.ts";
import { printValue } from "./print-value.ts";
import { readCall, readParameters, unwritableKind } from "./read-call.ts";
import { readValue } from "./read-value.ts";
import { WaveReader } from "./wave-reader.ts";

function read(type: ValueType, text: string): ComponentValue {
  const reader = new WaveReader(text);
  const value = readValue(type, reader);
  reader.expectEnd();
  return value;
}

test("a value that is printed is read back as it was, and its text is safe for a terminal", () => {
  fc.assert(
    fc.property(typedValue, ({ type, value }) => {
      const text = printValue(type, value);
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.deepEqual(read(type, text), value);
    }),
    { numRuns: 300 },
  );
});

test("no text makes the reader fail otherwise than with a typed error", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc
      .array(fc.constantFrom(..."()[]{}:,%-\"'\\u ".split(""), "some", "none", "ok", "err", "1", "a", "nan"), {
        maxLength: 12,
      })
      .map((all) => all.join("")),
  );
  fc.assert(
    fc.property(typedValue, texts, ({ type }, text) => {
      try {
        read(type, text);
      } catch (error) {
        assert.ok(error instanceof KwasmError && error.code === "invalid-argument", String(error));
      }
    }),
    { numRuns: 300 },
  );
});

const text = primitive("string");
const byte = primitive("u8");
const number = primitive("u32");

function option(type: ValueType): ValueType {
  return { kind: "option", type, ...factsOf([type]) };
}

function record(...fields: readonly (readonly [string, ValueType])[]): ValueType {
  return {
    kind: "record",
    fields: fields.map(([name, type]) => ({ name, type })),
    ...factsOf(fields.map(([, type]) => type)),
  };
}

function result(ok: ValueType | undefined, err: ValueType | undefined): ValueType {
  return { kind: "result", ok, err, ...factsOf([ok, err]) };
}

function list(element: ValueType, length?: number): ValueType {
  return { kind: "list", element, length, ...factsOf([element]) };
}

const switches: ValueType = { kind: "flags", names: ["read", "none"], ...factsOf([]) };
const shape: ValueType = {
  kind: "variant",
  cases: [
    { name: "circle", type: number },
    { name: "err", type: undefined },
  ],
  ...factsOf([number]),
};

test("values may be written in every way that WAVE has", () => {
  for (const [type, written, expected] of [
    [text, ' // a comment\n "\\u{2603}\\"\\\\" ', '☃"\\'],
    [primitive("char"), "'\\''", "'"],
    [primitive("f32"), "-6.5e-1", Math.fround(-0.65)],
    [primitive("f64"), "-inf", -Infinity],
    [primitive("u64"), "18446744073709551615", 18_446_744_073_709_551_615n],
    [list(byte), "[1, 255,]", Uint8Array.of(1, 255)],
    [list(number, 2), "[1,2]", [1, 2]],
    [option(text), '"flat"', "flat"],
    [option(text), 'some("x")', "x"],
    [option(option(text)), "some(none)", { some: undefined }],
    [result(text, number), '"flat"', { tag: "ok", value: "flat" }],
    [result(undefined, number), "err(3)", { tag: "err", value: 3 }],
    [record(["a-b", number], ["c", option(text)]), "{a-b: 1}", { "a-b": 1, c: undefined }],
    [record(["c", option(text)]), "{:}", { c: undefined }],
    [record(["ok", number], ["c", number]), "{c: 2, %ok: 1}", { ok: 1, c: 2 }],
    [switches, "{%none, read}", new Set(["none", "read"])],
    [shape, "%err", { tag: "err" }],
    [option(shape), "circle(1)", { tag: "circle", value: 1 }],
  ] as const) {
    assert.deepEqual(read(type, written), expected, written);
  }
});

test("what is wrong is said with its place and what is expected", () => {
  for (const [type, written, expected] of [
    [byte, "256", /a u8 from "0" to "255" is expected at letter "1"/],
    [byte, "1 2", /the end is expected at letter "3", where "2" stands/],
    [text, '"open', /ends with a double quote/],
    [primitive("char"), "'ab'", /one letter/],
    [text, '"\\u{d800}"', /one of the escapes/],
    [list(number, 2), "[1]", /a list of "2" values/],
    [record(["a", number]), "{b: 1}", /one of the fields "a"/],
    [record(["a", number]), "{a: 1, a: 2}", /another field/],
    [record(["a", number]), "{}", /with the fields "a" too/],
    [option(option(text)), '"flat"', /some\(…\) or none/],
    [shape, "square", /one of "circle", "err"/],
    [primitive("f64"), "1e999", /a f64 is expected/],
  ] as const) {
    assert.throws(() => read(type, written), { code: "invalid-argument", message: expected }, written);
  }
});

test("floats of 32 bits are printed with the digits that tell them apart", () => {
  for (const [value, expected] of [
    [Math.fround(0.1), "0.1"],
    [Math.fround(16_777_216), "16777216"],
    [-0, "-0"],
    [NaN, "nan"],
  ] as const) {
    assert.equal(printValue(primitive("f32"), value), expected);
  }
});

test("the text of a call and that of a result have limits", () => {
  const longest = "1".padStart(waveLimits.textLettersMax, " ");
  assert.equal(read(number, longest), 1);
  assert.throws(() => read(number, ` ${longest}`), { code: "limit-exceeded" });
  const fits = "x".repeat(waveLimits.resultLettersMax - 2);
  assert.equal(printValue(text, fits).length, waveLimits.resultLettersMax);
  assert.throws(() => printValue(text, `${fits}x`), { code: "limit-exceeded" });
});

test("optional parameters at the end of a call may be left out, others not", () => {
  const parameters = [
    { name: "a", type: number },
    { name: "b", type: option(text) },
  ];
  const type: FunctionType = { kind: "function", async: false, parameters, result: undefined, ...factsOf([]) };
  const { name, interfaceName, reader } = readCall("a:b/c@1.0.0#f(1)");
  assert.deepEqual({ name, interfaceName }, { name: "f", interfaceName: "a:b/c@1.0.0" });
  assert.deepEqual(readParameters(type, reader), [1, undefined]);
  assert.deepEqual(readParameters(type, readCall('f(1, "x")').reader), [1, "x"]);
  assert.throws(() => readParameters(type, readCall("f()").reader), /the parameter "a" too/);
  assert.throws(() => readParameters(type, readCall("f(1, none, 2)").reader), /no more than "2" parameters/);
});

test("a function is known that takes or gives what cannot be written, however deep", () => {
  const own: ValueType = { kind: "own", resource: resourceType({ name: "file" }), ...factsOf([]) };
  const rows: readonly (readonly [ValueType, string | undefined])[] = [
    [own, "own"],
    [list(record(["a", option(own)])), "own"],
    [{ kind: "stream", element: number, ...factsOf([number]) }, "stream"],
    [primitive("error-context"), "error-context"],
    [list(record(["a", option(text)])), undefined],
  ];
  for (const [type, kind] of rows) {
    const taking = { kind: "function", async: false, parameters: [{ name: "it", type }], result: undefined } as const;
    assert.equal(unwritableKind({ ...taking, ...factsOf([type]) }), kind);
    assert.equal(unwritableKind({ ...taking, parameters: [], result: type, ...factsOf([type]) }), kind);
  }
});
