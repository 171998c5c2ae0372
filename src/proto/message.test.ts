import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import {
  bool,
  bytes,
  int32,
  int64,
  message,
  nested,
  REPEATED_ELEMENTS_MAX,
  repeatedNested,
  repeatedString,
  string,
  uint32,
  uint64,
} from "./message.ts";

const Inner = message("test.Inner", { text: string(1) });
const Everything = message("test.Everything", {
  text: string(1),
  data: bytes(2),
  flag: bool(3),
  small: uint32(4),
  signed: int32(5),
  long: int64(6),
  longer: uint64(7),
  inner: nested(8, Inner),
  inners: repeatedNested(9, Inner),
  texts: repeatedString(200),
});

const inner = fc.record({ text: fc.string({ unit: "grapheme" }) }, { noNullPrototype: true });
const everything = fc.record(
  {
    text: fc.string({ unit: "grapheme" }),
    data: fc.uint8Array(),
    flag: fc.boolean(),
    small: fc.nat(),
    signed: fc.integer(),
    long: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    longer: fc.bigInt(0n, 2n ** 64n - 1n),
    inner: fc.option(inner, { nil: undefined }),
    inners: fc.array(inner),
    texts: fc.array(fc.string({ unit: "grapheme" })),
  },
  { noNullPrototype: true },
);

test("what was encoded is decoded again", () => {
  fc.assert(
    fc.property(everything, (value) => {
      assert.deepEqual(Everything.decode(Everything.encode(value)), { ...value, data: new Uint8Array(value.data) });
    }),
  );
});

test("any bytes are a message or a typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (encoded) => {
      try {
        Everything.decode(encoded);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "corrupt");
      }
    }),
  );
});

function check(hex: string, expected: Partial<ReturnType<typeof Everything.decode>>): void {
  assert.deepEqual(Everything.decode(Buffer.from(hex, "hex")), { ...Everything.decode(new Uint8Array()), ...expected });
}

test("bytes of the encoding's own documentation are read", () => {
  // "testing" as field 2, -2 and 150 as varints: protobuf.dev/programming-guides/encoding.
  check("120774657374696e67", { data: Buffer.from("testing") });
  check("28feffffffffffffffff01", { signed: -2 });
  check("209601", { small: 150 });
});

test("fields that are unknown or of another wire type are skipped", () => {
  check("f2060161 2801".replace(" ", ""), { signed: 1 });
  check("0d00000000 2801".replace(" ", ""), { signed: 1 });
});

test("nothing is sent for values that a message has anyway", () => {
  assert.equal(Everything.encode({ text: "", flag: false, small: 0, long: 0n, inners: [] }).byteLength, 0);
  assert.equal(Everything.encode({ inner: { text: "" } }).byteLength, 2);
});

test("two decodings share no list", () => {
  const encoded = Everything.encode({ texts: ["a"] });
  assert.deepEqual([Everything.decode(encoded).texts, Everything.decode(encoded).texts], [["a"], ["a"]]);
});

test("a list may be as long as its limit and no longer", () => {
  const texts = Array.from({ length: REPEATED_ELEMENTS_MAX }, () => "");
  assert.equal(Everything.decode(Everything.encode({ texts })).texts.length, REPEATED_ELEMENTS_MAX);
  const tooMany = Everything.encode({ texts: [...texts, ""] });
  assert.throws(() => Everything.decode(tooMany), { code: "limit-exceeded" });
});
