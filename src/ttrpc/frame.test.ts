import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { encodeFrame, type Frame, FrameSplitter, MESSAGE_BYTES_MAX } from "./frame.ts";

const frames = fc.array(
  fc.record({
    stream: fc.nat({ max: 0xffff_ffff }),
    type: fc.nat({ max: 255 }),
    flags: fc.nat({ max: 255 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
);

/** Cuts bytes into pieces of the given lengths, over and over, and a last one. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.byteLength; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(start, start + length));
    start += length;
  }
  return pieces;
}

function plain(frame: Frame): Frame {
  return { ...frame, payload: new Uint8Array(frame.payload) };
}

test("frames come out whole and in order, however their bytes arrive", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(frames, lengths, (sent, cuts) => {
      const splitter = new FrameSplitter();
      const received = cut(Buffer.concat(sent.map(encodeFrame)), cuts).flatMap((piece) => splitter.push(piece));
      assert.deepEqual(received.map(plain), sent.map(plain));
    }),
  );
});

test("any bytes are frames or a typed error", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (pieces) => {
      const splitter = new FrameSplitter();
      try {
        for (const piece of pieces) splitter.push(piece);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "limit-exceeded");
      }
    }),
  );
});

function header(length: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(length);
  return bytes;
}

test("a message may be as long as the limit; a longer one is refused at its header", () => {
  const payload = Buffer.alloc(MESSAGE_BYTES_MAX);
  const [frame] = new FrameSplitter().push(encodeFrame({ stream: 1, type: 1, flags: 0, payload }));
  assert.equal(frame?.payload.byteLength, MESSAGE_BYTES_MAX);
  const longer = { stream: 1, type: 1, flags: 0, payload: Buffer.alloc(MESSAGE_BYTES_MAX + 1) };
  assert.throws(() => encodeFrame(longer), { code: "limit-exceeded" });
  assert.throws(() => new FrameSplitter().push(header(MESSAGE_BYTES_MAX + 1)), { code: "limit-exceeded" });
});
