/**
 * What follows an opcode in the byte stream. One entry per opcode, no meaning beyond length: the walker needs to know
 * where the next instruction begins and nothing else. Source: WebAssembly 3.0, binary format of instructions, and the
 * legacy exception handling and threads proposals.
 */
export const NONE = 0;
export const UNKNOWN = 1;
/** One LEB128 number: an index, a depth, a constant or a heap type. */
export const LEB = 2;
export const LEB_LEB = 3;
/** Alignment, the memory's index where bit 6 of the alignment says so, offset. */
export const MEMORY_ARGUMENT = 4;
export const MEMORY_ARGUMENT_AND_LANE = 5;
export const BYTE = 6;
export const BYTES_4 = 7;
export const BYTES_8 = 8;
export const BYTES_16 = 9;
export const BLOCK_TYPE = 10;
/** A counted list of branch targets and a default. */
export const BRANCH_TABLE = 11;
/** A counted list of value types. */
export const VALUE_TYPES = 12;
/** A block type and a counted list of catch clauses. */
export const TRY_TABLE = 13;
/** The opcode goes on: its second part selects from one of the tables below. */
export const PREFIX = 14;

type Entry = readonly [first: number, last: number, immediate: number];

/** Opcodes whose number the rest of the engine names. */
export const opcode = {
  memoryGrow: 0x40,
  end: 0x0b,
  prefixBulk: 0xfc,
  prefixVector: 0xfd,
  prefixAtomic: 0xfe,
} as const;

export const immediates: Uint8Array = fill(256, [
  [0x00, 0x01, NONE], // unreachable, nop
  [0x02, 0x04, BLOCK_TYPE], // block, loop, if
  [0x05, 0x05, NONE], // else
  [0x06, 0x06, BLOCK_TYPE], // try
  [0x07, 0x09, LEB], // catch, throw, rethrow
  [0x0a, 0x0b, NONE], // throw_ref, end
  [0x0c, 0x0d, LEB], // br, br_if
  [0x0e, 0x0e, BRANCH_TABLE],
  [0x0f, 0x0f, NONE], // return
  [0x10, 0x10, LEB], // call
  [0x11, 0x11, LEB_LEB], // call_indirect
  [0x12, 0x12, LEB], // return_call
  [0x13, 0x13, LEB_LEB], // return_call_indirect
  [0x14, 0x15, LEB], // call_ref, return_call_ref
  [0x18, 0x18, LEB], // delegate
  [0x19, 0x1b, NONE], // catch_all, drop, select
  [0x1c, 0x1c, VALUE_TYPES], // select with types
  [0x1f, 0x1f, TRY_TABLE],
  [0x20, 0x26, LEB], // locals, globals, table.get, table.set
  [0x28, 0x3e, MEMORY_ARGUMENT], // loads and stores
  [0x3f, 0x42, LEB], // memory.size, memory.grow, i32.const, i64.const
  [0x43, 0x43, BYTES_4],
  [0x44, 0x44, BYTES_8],
  [0x45, 0xc4, NONE], // comparison, arithmetic, conversion, sign extension
  [0xd0, 0xd0, LEB], // ref.null
  [0xd1, 0xd1, NONE], // ref.is_null
  [0xd2, 0xd2, LEB], // ref.func
  [0xd3, 0xd4, NONE], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, LEB], // br_on_null, br_on_non_null
  [0xfc, 0xfe, PREFIX],
]);

/** Saturating conversions, bulk memory and tables: opcode 0xfc. */
export const bulkImmediates: Uint8Array = fill(0x12, [
  [0x00, 0x07, NONE],
  [0x08, 0x08, LEB_LEB], // memory.init
  [0x09, 0x09, LEB], // data.drop
  [0x0a, 0x0a, LEB_LEB], // memory.copy
  [0x0b, 0x0b, LEB], // memory.fill
  [0x0c, 0x0c, LEB_LEB], // table.init
  [0x0d, 0x0d, LEB], // elem.drop
  [0x0e, 0x0e, LEB_LEB], // table.copy
  [0x0f, 0x11, LEB], // table.grow, table.size, table.fill
]);

/** Vectors of 128 bits, relaxed ones included: opcode 0xfd. */
export const vectorImmediates: Uint8Array = fill(0x114, [
  [0x00, 0x0b, MEMORY_ARGUMENT],
  [0x0c, 0x0d, BYTES_16], // v128.const, i8x16.shuffle
  [0x0e, 0x14, NONE],
  [0x15, 0x22, BYTE], // extract and replace a lane
  [0x23, 0x53, NONE],
  [0x54, 0x5b, MEMORY_ARGUMENT_AND_LANE],
  [0x5c, 0x5d, MEMORY_ARGUMENT],
  [0x5e, 0x99, NONE],
  [0x9b, 0xa1, NONE],
  [0xa3, 0xa4, NONE],
  [0xa7, 0xae, NONE],
  [0xb1, 0xb1, NONE],
  [0xb5, 0xba, NONE],
  [0xbc, 0xc1, NONE],
  [0xc3, 0xc4, NONE],
  [0xc7, 0xce, NONE],
  [0xd1, 0xd1, NONE],
  [0xd5, 0xe1, NONE],
  [0xe3, 0xed, NONE],
  [0xef, 0xff, NONE],
  [0x100, 0x113, NONE],
]);

/** Atomic accesses: opcode 0xfe. */
export const atomicImmediates: Uint8Array = fill(0x4f, [
  [0x00, 0x02, MEMORY_ARGUMENT], // notify, wait32, wait64
  [0x03, 0x03, BYTE], // fence
  [0x10, 0x4e, MEMORY_ARGUMENT],
]);

function fill(length: number, entries: readonly Entry[]): Uint8Array {
  const table = new Uint8Array(length).fill(UNKNOWN);
  for (const [first, last, immediate] of entries) table.fill(immediate, first, last + 1);
  return table;
}
