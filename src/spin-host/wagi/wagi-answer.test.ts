import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, constantFrom, property } from "fast-check";
import { KwasmError } from "#base";
import { fieldsBytesMax, readWagiAnswer } from "./wagi-answer.ts";

function check(name: string, output: string, expected: readonly [status: number, fields: object, body: string]): void {
  test(name, () => {
    const { head, body } = readWagiAnswer(Buffer.from(output));
    assert.deepEqual([head.status, Object.fromEntries(head.fields), Buffer.from(body).toString()], expected);
  });
}

const plain = { "content-type": "text/plain" };
const missing = "Exactly one of 'location' or 'content-type' must be specified";
check("a field and a body", "Content-Type: text/plain\n\nhello\n\nagain", [200, plain, "hello\n\nagain"]);
check("lines may end as in HTTP, and those of the body stay", "content-type:text/plain\r\n\r\na\r\nb", [
  200,
  plain,
  "a\r\nb",
]);
check("a status with its reason", "content-type: text/plain\nstatus: 404 Not Found\n\n", [404, plain, ""]);
check("a status alone is enough", "Status: 204\n\n", [204, {}, ""]);
check("a status that is none", "Status: fine\n\n", [502, {}, ""]);
check("a status that does not end an answer", "Status: 100\n\n", [502, {}, ""]);
check("a location leads there", "Location: /a\n\n", [302, { location: "/a" }, ""]);
check("a location with a status of its own", "Location: /a\nStatus: 301\n\n", [301, { location: "/a" }, ""]);
check("other fields go with it", "X-A: b\nStatus: 200\n\n", [200, { "x-a": "b" }, ""]);
check("the last of two fields counts", "Status: 200\nx: 1\nX: 2\n\n", [200, { x: "2" }, ""]);
check("fields of the connection are not the command's", "Status: 200\nConnection: x\nContent-Length: 9\n\n", [
  200,
  {},
  "",
]);
check("a line without a colon, and a name that HTTP does not have", "Status: 200\nbad\nb d: 1\n\n", [200, {}, ""]);
check("neither a type nor a status nor a location", "x-a: b\n\nhello", [500, {}, missing]);
check("no empty line", "content-type: text/plain\nhello", [500, {}, missing]);

function checkRefused(name: string, output: Uint8Array, message: RegExp): void {
  test(name, () => assert.throws(() => readWagiAnswer(output), message));
}

checkRefused("nothing is no answer", new Uint8Array(), /it wrote nothing/);
checkRefused("a value that HTTP cannot have", Buffer.from("Status: 200\nx: \u0001\n\n"), /"x" has a value/);
checkRefused("fields that are no text", Buffer.from([0xff, 0x3a, 10, 10]), /no UTF-8/);
checkRefused("fields past the limit", Buffer.from(`x: ${"y".repeat(fieldsBytesMax)}\n\n`), /more than 65536 bytes/);

test("fields up to the limit are read", () => {
  const start = "status: 200\nx: ";
  const { head } = readWagiAnswer(Buffer.from(`${start}${"y".repeat(fieldsBytesMax - start.length - 1)}\n\n`));
  assert.equal(head.status, 200);
});

test("whatever is written, there is an answer or a reason", () => {
  const pieces = constantFrom("content-type: a", "status: 201", "\n", "\r", ":", "location:", "\u00e9", "\0", "x");
  assertProperty(
    property(array(pieces), (words) => {
      try {
        const { head } = readWagiAnswer(Buffer.from(words.join("")));
        assert.ok(head.status >= 200 && head.status <= 599);
      } catch (error) {
        assert.ok(error instanceof KwasmError);
      }
    }),
  );
});
