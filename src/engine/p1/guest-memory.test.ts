import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { errno, P1Error } from "./errno.ts";
import { GuestMemory, iovecsMax, pathBytesMax, transferBytesMax } from "./guest-memory.ts";

const pageBytes = 65_536;

function boundMemory(pages = 1): { memory: GuestMemory; linear: WebAssembly.Memory } {
  const linear = new WebAssembly.Memory({ initial: pages });
  const memory = new GuestMemory();
  memory.bind(linear);
  return { memory, linear };
}

function checkErrno(code: number, use: () => unknown): void {
  assert.throws(use, (thrown) => thrown instanceof P1Error && thrown.errno === code);
}

test("answers errno fault for every pointer outside, however it is used", () => {
  const { memory } = boundMemory();
  const uses: readonly ((pointer: number, length: number) => unknown)[] = [
    (pointer, length) => memory.bytes(pointer, length),
    (pointer, length) => memory.clear(pointer, length),
    (pointer, length) => memory.write(pointer, new Uint8Array(length)),
  ];
  const outside = fc
    .record({ pointer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), length: fc.nat(2 * pageBytes) })
    .filter(({ pointer, length }) => (pointer >>> 0) + length > pageBytes);
  fc.assert(
    fc.property(outside, ({ pointer, length }) => {
      for (const use of uses) checkErrno(errno.fault, () => use(pointer, length));
    }),
  );
  for (const pointer of [pageBytes - 3, pageBytes, -1, -4, 2 ** 31 - 1]) {
    checkErrno(errno.fault, () => memory.readU32(pointer));
    checkErrno(errno.fault, () => memory.writeU32(pointer, 1));
  }
});

test("answers errno fault as long as there is no memory at all", () => {
  checkErrno(errno.fault, () => new GuestMemory().readU8(0));
  checkErrno(errno.fault, () => boundMemory(0).memory.readU8(0));
});

test("uses the last bytes and, once the memory has grown, the new ones", () => {
  const { memory, linear } = boundMemory();
  memory.writeU32(pageBytes - 4, 7);
  linear.grow(1);
  assert.equal(memory.readU32(pageBytes - 4), 7);
  memory.writeU64(2 * pageBytes - 8, 9n);
  assert.equal(memory.readU64(2 * pageBytes - 8), 9n);
});

test("never wraps a sum of pointers around to the start", () => {
  checkErrno(errno.fault, () => boundMemory().memory.readU32(2 ** 32));
});

test("reads paths as UTF-8 and nothing else", () => {
  const { memory } = boundMemory();
  memory.write(0, Buffer.from("ä/\uFEFFb"));
  assert.equal(memory.readPath(0, 7), "ä/\uFEFFb");
  memory.write(0, Uint8Array.of(0xff));
  checkErrno(errno.illegalByteSequence, () => memory.readPath(0, 1));
  memory.write(0, Uint8Array.of(0xed, 0xa0, 0x80));
  checkErrno(errno.illegalByteSequence, () => memory.readPath(0, 3));
  checkErrno(errno.nameTooLong, () => memory.readPath(0, pathBytesMax + 1));
});

function putSpans(memory: GuestMemory, at: number, spans: readonly (readonly [number, number])[]): void {
  spans.forEach(([pointer, length], index) => {
    memory.writeU32(at + index * 8, pointer);
    memory.writeU32(at + index * 8 + 4, length);
  });
}

test("takes a list of buffers as a whole or not at all", () => {
  const { memory } = boundMemory();
  putSpans(memory, 0, [
    [100, 3],
    [0, 0],
    [200, 2],
  ]);
  assert.deepEqual(memory.readSpans(0, 3), [
    { pointer: 100, length: 3 },
    { pointer: 200, length: 2 },
  ]);
  putSpans(memory, 0, [
    [100, 3],
    [pageBytes, 1],
  ]);
  checkErrno(errno.fault, () => memory.readSpans(0, 2));
  checkErrno(errno.fault, () => memory.readSpans(pageBytes - 4, 1));
  checkErrno(errno.fault, () => memory.readSpans(-8, 2));
  checkErrno(errno.invalid, () => memory.readSpans(0, iovecsMax + 1));
  checkErrno(errno.invalid, () => memory.readSpans(0, -1));
});

test("moves no more than the limit in one call, though the buffers add up to more", () => {
  const pages = transferBytesMax / pageBytes + 1;
  const { memory } = boundMemory(pages);
  putSpans(memory, 0, [
    [0, pages * pageBytes],
    [0, 10],
  ]);
  assert.deepEqual(memory.readSpans(0, 2), [{ pointer: 0, length: transferBytesMax }]);
});

test("gathers what it has scattered, whatever the buffers", () => {
  const { memory } = boundMemory();
  const lengths = fc.array(fc.nat(300), { maxLength: 10 });
  fc.assert(
    fc.property(lengths, fc.uint8Array({ maxLength: 4_000 }), (list, source) => {
      let pointer = 0;
      const spans = list.map((length) => {
        pointer += 350;
        return { pointer, length };
      });
      const room = list.reduce((sum, length) => sum + length, 0);
      const fitting = source.subarray(0, room);
      memory.scatter(spans, fitting);
      assert.deepEqual(Uint8Array.from(memory.gather(spans, fitting.length)), Uint8Array.from(fitting));
    }),
  );
});
