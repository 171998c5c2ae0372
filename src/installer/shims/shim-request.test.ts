import assert from "node:assert/strict";
import test from "node:test";

import { KwasmError } from "#base";

import { parseShimName, parseShimRequest } from "./shim-request.ts";

const request = {
  name: "slow",
  handler: "slow-v2",
  url: "https://example.com/slow.tar.gz",
  sha256: "a".repeat(64),
  options: { Level: "high", Fast: true, Count: 3 },
};

test("a shim is read as the operator names it", () => {
  assert.deepEqual(parseShimRequest(JSON.stringify(request)), request);
  assert.deepEqual(parseShimRequest(JSON.stringify({ ...request, options: undefined })), { ...request, options: {} });
  assert.equal(parseShimName('{"name": "slow"}'), "slow");
});

function refuse(name: string, text: string): void {
  test(`no shim: ${name}`, () => {
    assert.throws(
      () => parseShimRequest(text),
      (thrown) => thrown instanceof KwasmError && thrown.code === "invalid-argument",
    );
  });
}

function refuseField(field: string, value: unknown): void {
  refuse(`${field} ${JSON.stringify(value)?.slice(0, 40) ?? "absent"}`, JSON.stringify({ ...request, [field]: value }));
}

refuse("nothing", "");
refuse("a list", "[]");
refuse("more than a resource says", `"${"a".repeat(20_000)}"`);
for (const name of ["", "../up", "A", "a/b", "-a", "a".repeat(64), 5]) refuseField("name", name);
for (const handler of [undefined, "a b", 'x"]\n[y', "a.b"]) refuseField("handler", handler);
for (const url of ["file:///etc/shadow", "slow.tar.gz", `https://a/${"b".repeat(3_000)}`]) refuseField("url", url);
for (const sha256 of ["", "A".repeat(64), "a".repeat(63)]) refuseField("sha256", sha256);
refuseField("options", []);
refuseField("options", { "a\n": 1 });
refuseField("options", { a: 1.5 });
refuseField("options", { a: { b: 1 } });
refuseField("options", Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`o${String(index)}`, true])));
