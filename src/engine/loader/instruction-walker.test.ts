import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, KwasmError } from "#base";
import { moduleLimits } from "./limits.ts";
import { selectOpcodes, walkInstructions } from "./instruction-walker.ts";
import { bulkImmediates, immediates, UNKNOWN, vectorImmediates } from "./opcodes.ts";
import { parseModule } from "./parse-module.ts";
import { encodeU32 } from "./section-writer.ts";
import { wat } from "./wat-fixture.ts";

const NOP = 0x01;
const END = 0x0b;

/** Positions of the `nop`s that the walker finds in `code`. */
function findNops(code: Uint8Array): number[] {
  const found: number[] = [];
  walkInstructions(code, { start: 0, end: code.length }, selectOpcodes([NOP]), (_code, start) => found.push(start));
  return found;
}

/** An instruction whose operands look like `nop` is passed whole: only the `nop` behind it is found. */
function checkPassedWhole(instruction: readonly number[]): void {
  const code = Uint8Array.of(...instruction, NOP, END);
  assert.deepEqual(
    findNops(code),
    [instruction.length],
    `instruction ${instruction.map((byte) => byte.toString(16)).join(" ")}`,
  );
}

test("passes every form of operand whole", () => {
  checkPassedWhole([0x02, 0x01]); // block of type 1
  checkPassedWhole([0x02, 0x63, 0x01]); // block of a reference type
  checkPassedWhole([0x0e, 0x02, 0x01, 0x01, 0x01]); // br_table
  checkPassedWhole([0x10, 0x81, 0x01]); // call
  checkPassedWhole([0x11, 0x01, 0x01]); // call_indirect
  checkPassedWhole([0x1c, 0x02, 0x63, 0x01, 0x7f]); // select with types
  checkPassedWhole([0x1f, 0x01, 0x03, 0x00, 0x01, 0x01, 0x01, 0x01, 0x01, 0x02, 0x01]); // try_table
  checkPassedWhole([0x28, 0x01, 0x01]); // load
  checkPassedWhole([0x28, 0x41, 0x01, 0x01]); // load from a numbered memory
  checkPassedWhole([0x43, 0x01, 0x01, 0x01, 0x01]); // f32.const
  checkPassedWhole([0x44, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01]); // f64.const
  checkPassedWhole([0xd0, 0x01]); // ref.null
  checkPassedWhole([0xfc, 0x08, 0x01, 0x01]); // memory.init
  checkPassedWhole([0xfc, 0x8b, 0x00, 0x01]); // memory.fill, padded number
  checkPassedWhole([0xfd, 0x0c, ...Array<number>(16).fill(0x01)]); // v128.const
  checkPassedWhole([0xfd, 0x15, 0x01]); // extract_lane
  checkPassedWhole([0xfd, 0x54, 0x01, 0x01, 0x01]); // load_lane
  checkPassedWhole([0xfd, 0x80, 0x02]); // relaxed
  checkPassedWhole([0xfe, 0x00, 0x01, 0x01]); // notify
  checkPassedWhole([0xfe, 0x03, 0x01]); // fence
});

function countKnown(table: Uint8Array): number {
  return table.filter((immediate) => immediate !== UNKNOWN).length;
}

test("knows the opcodes of the specification and no others", () => {
  assert.equal(countKnown(bulkImmediates), 18);
  assert.equal(countKnown(vectorImmediates), 236 + 20, "SIMD and relaxed SIMD");
  assert.equal(immediates[0xfb], UNKNOWN, "garbage collection");
});

function checkRefused(code: readonly number[], errorCode: ErrorCode): void {
  assert.throws(
    () => findNops(Uint8Array.from(code)),
    (error) => error instanceof KwasmError && error.code === errorCode,
  );
}

test("refuses instructions whose length it does not know", () => {
  checkRefused([0xfb, 0x00, 0x00, END], "unsupported");
  checkRefused([0xfc, 0x40, END], "unsupported");
  checkRefused([0xfd, 0x9a, 0x01, END], "unsupported");
  checkRefused([0xff, END], "unsupported");
});

test("refuses code that does not end where its body ends", () => {
  checkRefused([0x41, 0x80], "corrupt");
  checkRefused([NOP], "corrupt");
  checkRefused([0x44, 0, 0, END], "corrupt");
});

function branchTable(count: number): number[] {
  return [0x0e, ...encodeU32(count), ...Array<number>(count + 1).fill(0), END];
}

test("holds br_table to its limit", () => {
  const limit = moduleLimits.branchTargetsMax;
  assert.deepEqual(findNops(Uint8Array.from(branchTable(limit))), []);
  checkRefused(branchTable(limit + 1), "limit-exceeded");
});

test("walks what a text compiler writes of every proposal that runs here", () => {
  const { bytes, bodies } = parseModule(
    wat(`(module (memory 1) (memory 1) (table 2 funcref) (tag $t (param i32)) (elem func $f) (data "ab")
      (func $f (param i32) (result i32)
        (i32.store8 1 offset=9 (i32.const 1) (i32.const 2)) (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 1))
        (table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 1)) (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))
        (drop (i64.trunc_sat_f64_u (f64.const 1.5))) (drop (i32.extend8_s (i32.const 1)))
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i32x4 1 1 1 1) (v128.const i32x4 1 1 1 1)))
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)
        (block (br_table 0 0 0 (local.get 0)))
        (try (do (throw $t (i32.const 1))) (catch $t (drop)) (catch_all (rethrow 0)))
        (nop) (return_call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))`),
  );
  const found: number[] = [];
  const range = { start: bodies.codeStart[0] ?? 0, end: bodies.entryStart[1] ?? 0 };
  walkInstructions(bytes, range, selectOpcodes([NOP]), (code) => found.push(code));
  assert.deepEqual(found, [NOP]);
});
