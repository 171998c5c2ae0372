import type { ByteReader } from "./byte-reader.ts";
import { opcode } from "./opcodes.ts";

/**
 * Passes a constant expression up to its end. Only the few instructions that may stand in one are known, so the first
 * byte that is none of them is where a damaged file is noticed.
 */
export function walkConstantExpression(reader: ByteReader): void {
  for (;;) {
    const code = reader.byte("a constant expression");
    if (code === opcode.end) return;
    skipConstantOperand(reader, code);
  }
}

function skipConstantOperand(reader: ByteReader, code: number): void {
  switch (code) {
    case 0x23: // global.get
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0xd0: // ref.null
    case 0xd2: // ref.func
      skipNumber(reader);
      return;
    case 0x43: // f32.const
      reader.skip(4, "a constant");
      return;
    case 0x44: // f64.const
      reader.skip(8, "a constant");
      return;
    default:
      if (isExtendedArithmetic(code)) return;
      throw reader.corrupt("an instruction that is not constant stands in an initialiser");
  }
}

/** Addition, subtraction and multiplication of integers: the extended constant expressions. */
function isExtendedArithmetic(code: number): boolean {
  return (code >= 0x6a && code <= 0x6c) || (code >= 0x7c && code <= 0x7e);
}

/** Ten bytes hold 64 bits. */
const NUMBER_BYTES_MAX = 10;

function skipNumber(reader: ByteReader): void {
  for (let length = 1; length <= NUMBER_BYTES_MAX; length++) {
    if (reader.byte("a constant") < 0x80) return;
  }
  throw reader.corrupt("a constant has more than 64 bits");
}
