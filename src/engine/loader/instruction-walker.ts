import { KwasmError } from "#base";
import { exceeded, formatOffset } from "./byte-reader.ts";
import { moduleLimits } from "./limits.ts";
import {
  atomicImmediates,
  BLOCK_TYPE,
  BRANCH_TABLE,
  bulkImmediates,
  BYTE,
  BYTES_16,
  BYTES_4,
  BYTES_8,
  immediates,
  LEB,
  LEB_LEB,
  MEMORY_ARGUMENT,
  MEMORY_ARGUMENT_AND_LANE,
  NONE,
  opcode,
  PREFIX,
  TRY_TABLE,
  UNKNOWN,
  VALUE_TYPES,
  vectorImmediates,
} from "./opcodes.ts";

/** Told of an instruction that the walker was asked to look for: its opcode and the bytes from `start` to `end`. */
export type InstructionVisitor = (code: number, start: number, end: number) => void;

/** The instructions that a visitor wants to see, as a mask over first opcode bytes. */
export function selectOpcodes(codes: readonly number[]): Uint8Array {
  const mask = new Uint8Array(256);
  for (const code of codes) mask[code] = 1;
  return mask;
}

/**
 * Walks the instructions from `start` to `end` and tells `visit` of those whose first byte is in `mask`. It finds
 * where instructions begin and has no opinion of them; the bytes must have passed V8's validation. An opcode that the
 * tables do not know is an error: guessing its length would let it hide instructions from every visitor.
 */
export function walkInstructions(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  mask: Uint8Array,
  visit: InstructionVisitor,
): void {
  const { end } = range;
  let at = range.start;
  while (at < end) {
    const start = at;
    const code = bytes[at] ?? 0;
    const immediate = immediates[code] ?? UNKNOWN;
    if (immediate === NONE) at += 1;
    else if (immediate === LEB) at = skipLeb(bytes, at + 1);
    else at = skipImmediate(bytes, at, immediate);
    if (mask[code] === 1) visit(code, start, at);
  }
  if (at !== end || bytes[end - 1] !== opcode.end) throw outOfStep(end);
}

function skipImmediate(bytes: Uint8Array, start: number, immediate: number): number {
  const at = start + 1;
  switch (immediate) {
    case MEMORY_ARGUMENT:
      return skipMemoryArgument(bytes, at);
    case BLOCK_TYPE:
      return skipBlockType(bytes, at);
    case PREFIX:
      return skipPrefixed(bytes, start);
    case LEB_LEB:
      return skipLeb(bytes, skipLeb(bytes, at));
    case BYTES_4:
      return at + 4;
    case BYTES_8:
      return at + 8;
    case BRANCH_TABLE:
      return skipBranchTable(bytes, at);
    case VALUE_TYPES:
      return skipValueTypes(bytes, at);
    case TRY_TABLE:
      return skipTryTable(bytes, at);
    default:
      throw unknownOpcode(bytes, start);
  }
}

function skipPrefixed(bytes: Uint8Array, start: number): number {
  const prefix = bytes[start] ?? 0;
  const second = readLeb(bytes, start + 1);
  const at = skipLeb(bytes, start + 1);
  switch (tableOfPrefix(prefix)[second] ?? UNKNOWN) {
    case NONE:
      return at;
    case LEB:
      return skipLeb(bytes, at);
    case LEB_LEB:
      return skipLeb(bytes, skipLeb(bytes, at));
    case MEMORY_ARGUMENT:
      return skipMemoryArgument(bytes, at);
    case MEMORY_ARGUMENT_AND_LANE:
      return skipMemoryArgument(bytes, at) + 1;
    case BYTE:
      return at + 1;
    case BYTES_16:
      return at + 16;
    default:
      throw unknownOpcode(bytes, start);
  }
}

function tableOfPrefix(prefix: number): Uint8Array {
  if (prefix === opcode.prefixBulk) return bulkImmediates;
  return prefix === opcode.prefixVector ? vectorImmediates : atomicImmediates;
}

/** Passes one LEB128 number of any width; a byte beyond the array reads as its end. */
function skipLeb(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

/** The value of an unsigned LEB128 number; validation has bounded it to 32 bits. */
function readLeb(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start, shift = 0; shift < 35; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return value;
}

const MEMORY_INDEX_FLAG = 0x40;

function skipMemoryArgument(bytes: Uint8Array, start: number): number {
  const hasMemoryIndex = (readLeb(bytes, start) & MEMORY_INDEX_FLAG) !== 0;
  const at = skipLeb(bytes, start);
  return skipLeb(bytes, hasMemoryIndex ? skipLeb(bytes, at) : at);
}

/** A value type, an empty type or a type's index; only reference types with an explicit heap type have a second part. */
function skipBlockType(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  return first === 0x63 || first === 0x64 ? skipLeb(bytes, at + 1) : skipLeb(bytes, at);
}

function skipValueTypes(bytes: Uint8Array, start: number): number {
  const count = readLeb(bytes, start);
  let at = skipLeb(bytes, start);
  for (let left = count; left > 0 && at < bytes.length; left -= 1) at = skipBlockType(bytes, at);
  return at;
}

function skipBranchTable(bytes: Uint8Array, start: number): number {
  const count = readLeb(bytes, start);
  const limit = moduleLimits.branchTargetsMax;
  if (count > limit) throw exceeded("targets in one br_table", count, limit);
  let at = skipLeb(bytes, start);
  for (let left = count + 1; left > 0; left -= 1) at = skipLeb(bytes, at);
  return at;
}

/** Clauses: catch and catch_ref have a tag and a label, catch_all and catch_all_ref a label. */
function skipTryTable(bytes: Uint8Array, start: number): number {
  let at = skipBlockType(bytes, start);
  const count = readLeb(bytes, at);
  at = skipLeb(bytes, at);
  for (let left = count; left > 0 && at < bytes.length; left -= 1) {
    const hasTag = (bytes[at] ?? 0) <= 1;
    at = skipLeb(bytes, hasTag ? skipLeb(bytes, at + 1) : at + 1);
  }
  return at;
}

function unknownOpcode(bytes: Uint8Array, at: number): KwasmError {
  const name = formatOffset(bytes[at] ?? 0);
  const where = formatOffset(at);
  return new KwasmError(
    "unsupported",
    `reading a module: the instruction "${name}" at byte "${where}" belongs to a proposal that is not run here; compile without it`,
  );
}

function outOfStep(end: number): KwasmError {
  return new KwasmError(
    "corrupt",
    `reading a module: the function that ends at byte "${formatOffset(end)}" is damaged`,
  );
}
