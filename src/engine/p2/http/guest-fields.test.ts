import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { test } from "node:test";
import * as fc from "fast-check";
import { isConnectionField, receivedFields } from "../../host/http/field.ts";
import { GuestFields } from "./guest-fields.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const ok = { tag: "ok" };
const failing = (tag: string) => ({ tag: "err", value: { tag } });

function check(act: (fields: GuestFields) => unknown, expected: unknown): void {
  assert.deepEqual(act(GuestFields.empty()), expected);
}

function isAllowedByNode(name: string, value: Uint8Array): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, Buffer.from(value).toString("latin1"));
    return true;
  } catch {
    return false;
  }
}

test("names and values are checked, and those of the connection are refused", () => {
  check((fields) => fields.append("X-A", bytes("a b\t\xff")), ok);
  check((fields) => fields.append("", bytes("a")), failing("invalid-syntax"));
  check((fields) => fields.append("a b", bytes("a")), failing("invalid-syntax"));
  check((fields) => fields.set("a", [bytes("a"), bytes("a\r\nb: c")]), failing("invalid-syntax"));
  check((fields) => fields.delete("a:"), failing("invalid-syntax"));
  check((fields) => fields.append("Transfer-Encoding", bytes("chunked")), failing("forbidden"));
  check((fields) => fields.set("HOST", []), failing("forbidden"));
  check((fields) => fields.delete("connection"), failing("forbidden"));
  assert.deepEqual(GuestFields.fromList([["upgrade", bytes("a")]]), failing("forbidden"));
  assert.deepEqual(GuestFields.fromList([["a", bytes("\0")]]), failing("invalid-syntax"));
});

test("names are the same in any letters, and keep those they came with", () => {
  const fields = GuestFields.empty();
  fields.append("Set-Cookie", bytes("a"));
  fields.append("set-cookie", bytes("b"));
  assert.deepEqual(fields.get("SET-COOKIE"), [bytes("a"), bytes("b")]);
  fields.set("SET-cookie", [bytes("c")]);
  assert.deepEqual(fields.entries(), [["SET-cookie", bytes("c")]]);
  fields.delete("set-cookie");
  assert.equal(fields.has("Set-Cookie"), false);
});

test("fields of a message that is there cannot be changed, a clone of them can", () => {
  const fields = GuestFields.of([["a", "b"]]);
  assert.deepEqual(fields.set("a", []), failing("immutable"));
  assert.deepEqual(fields.append("a", bytes("c")), failing("immutable"));
  assert.deepEqual(fields.delete("a"), failing("immutable"));
  const clone = fields.clone();
  assert.deepEqual(clone.append("a", bytes("c")), ok);
  assert.deepEqual([clone.get("a").length, fields.get("a").length], [2, 1]);
});

test("a guest that adds more than a message takes is ended", () => {
  const fields = GuestFields.empty();
  const most = bytes("x".repeat(98_303));
  assert.deepEqual(fields.append("a", most), ok);
  assert.throws(() => fields.append("b", bytes("")), { code: "limit-exceeded" });
});

test("whatever is taken can be sent, and comes back byte for byte", () => {
  const name = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("a", "Host", "x-1", "upgrade", "content-length"));
  const value = fc.uint8Array({ maxLength: 20 });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (entries) => {
      const made = GuestFields.fromList(entries);
      const isFit = entries.every(([own, bytesOf]) => isAllowedByNode(own, bytesOf) && !isConnectionField(own));
      assert.equal(made.tag, isFit ? "ok" : "err");
      if (made.tag === "ok") {
        assert.deepEqual(
          made.value?.entries().map(([own, got]) => [own, Uint8Array.from(got)]),
          entries,
        );
      }
    }),
  );
});

test("what a message says of its connection stays with the connection", () => {
  const raw = [
    ":path",
    "/",
    "Host",
    "a",
    "Connection",
    "close, X-Mine",
    "x-mine",
    "1",
    "X-Other",
    "2",
    "TE",
    "trailers",
  ];
  assert.deepEqual(receivedFields(raw), [
    ["X-Other", "2"],
    ["TE", "trailers"],
  ]);
});
