import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { RespReader, type RespValue } from "./resp-reader.ts";

/** As many bytes of one answer. */
function upTo(bytesMax: number) {
  let bytes = 0;
  return {
    clear: () => void (bytes = 0),
    add(more: number): void {
      bytes += more;
      if (bytes > bytesMax) throw new Error(`query result exceeds limit of ${bytesMax} bytes`);
    },
  };
}

function check(text: string, expected: readonly RespValue[]): void {
  test(`${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(new RespReader(upTo(1_000)).read(Buffer.from(text)), expected);
  });
}

const bytes = (text: string): RespValue => ({ kind: "bytes", bytes: new Uint8Array(Buffer.from(text)) });

check("+OK\r\n", [{ kind: "status", text: "OK" }]);
check("-ERR no\r\n:-7\r\n", [
  { kind: "error", text: "ERR no" },
  { kind: "integer", value: -7n },
]);
check("$4\r\na\r\nb\r\n$0\r\n\r\n", [bytes("a\r\nb"), bytes("")]);
check("$-1\r\n*-1\r\n*0\r\n", [{ kind: "nil" }, { kind: "nil" }, { kind: "array", items: [] }]);
check("*2\r\n*1\r\n$1\r\na\r\n:1\r\n", [
  {
    kind: "array",
    items: [
      { kind: "array", items: [bytes("a")] },
      { kind: "integer", value: 1n },
    ],
  },
]);
check("*2\r\n:1\r\n", []);

function checkRefused(text: string, message: RegExp, answerBytesMax = 1_000): void {
  test(`${JSON.stringify(text.slice(0, 40))} is refused`, () => {
    assert.throws(() => new RespReader(upTo(answerBytesMax)).read(Buffer.from(text)), { message });
  });
}

checkRefused("HTTP/1.1 400 Bad Request\r\n", /as Redis does/);
checkRefused("$x\r\n", /as Redis does/);
checkRefused("$-2\r\n", /as Redis does/);
checkRefused(":1.5\r\n", /as Redis does/);
checkRefused("*1\r\n".repeat(33), /nested/, 10_000);
checkRefused("$937\r\n", /exceeds limit of 1000 bytes/);
checkRefused("*1000\r\n".concat(":1\r\n".repeat(20)), /exceeds limit/);
checkRefused("+".concat("x".repeat(70_000)), /a line/);

test("an answer is read up to its limit, and the next one anew", () => {
  const most = `$933\r\n${"x".repeat(933)}\r\n`;
  assert.equal(new RespReader(upTo(1_000)).read(Buffer.from(most.repeat(2))).length, 2);
});

const { value: anyValue } = fc.letrec<{ value: RespValue; array: RespValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant<RespValue>({ kind: "nil" }),
    fc.stringMatching(/^[ -~]{0,9}$/).map((text): RespValue => ({ kind: "status", text })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): RespValue => ({ kind: "integer", value })),
    fc.uint8Array({ maxLength: 20 }).map((own): RespValue => ({ kind: "bytes", bytes: own })),
    tie("array"),
  ),
  array: fc.array(tie("value"), { maxLength: 4 }).map((items): RespValue => ({ kind: "array", items })),
}));

function written(value: RespValue): Buffer {
  switch (value.kind) {
    case "nil":
      return Buffer.from("$-1\r\n");
    case "status":
      return Buffer.from(`+${value.text}\r\n`);
    case "error":
      return Buffer.from(`-${value.text}\r\n`);
    case "integer":
      return Buffer.from(`:${value.value}\r\n`);
    case "bytes":
      return Buffer.concat([Buffer.from(`$${value.bytes.length}\r\n`), value.bytes, Buffer.from("\r\n")]);
    case "array":
      return Buffer.concat([Buffer.from(`*${value.items.length}\r\n`), ...value.items.map(written)]);
  }
}

test("what is written is read, wherever its bytes are parted", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (values, step) => {
      const whole = Buffer.concat(values.map(written));
      const reader = new RespReader(upTo(1_000_000));
      const read: RespValue[] = [];
      for (let at = 0; at < whole.length; at += step) read.push(...reader.read(whole.subarray(at, at + step)));
      assert.deepEqual(read, values);
    }),
  );
});

test("bytes of any kind are read or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      try {
        new RespReader(upTo(1_000)).read(input);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError));
      }
    }),
  );
});
