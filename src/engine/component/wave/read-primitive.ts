import type { PrimitiveType } from "../parser/definitions.ts";
import type { ComponentValue } from "../values.ts";
import type { WaveReader } from "./wave-reader.ts";

const integer = /-?\d+/y;
const float = /-?inf|nan|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Digits of the longest integer, -9223372036854775808, are not as many. */
const integerLettersMax = 40;

const ranges = {
  s8: [-(2n ** 7n), 2n ** 7n - 1n],
  u8: [0n, 2n ** 8n - 1n],
  s16: [-(2n ** 15n), 2n ** 15n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  s32: [-(2n ** 31n), 2n ** 31n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  s64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
} as const satisfies Partial<Record<PrimitiveType, readonly [bigint, bigint]>>;

type IntegerType = keyof typeof ranges;

/** A value of a primitive type. */
export function readPrimitive(type: PrimitiveType, reader: WaveReader): ComponentValue {
  switch (type) {
    case "bool":
      return readBoolean(reader);
    case "f32":
    case "f64":
      return readFloat(type, reader);
    case "char":
      return readChar(reader);
    case "string":
      return readString(reader);
    case "error-context":
      throw reader.fail("a value that can be written is expected, and an error-context cannot");
    default:
      return readInteger(type, reader);
  }
}

function readBoolean(reader: WaveReader): boolean {
  if (reader.eatsWord("true")) return true;
  if (reader.eatsWord("false")) return false;
  throw reader.fail("true or false is expected");
}

function readInteger(type: IntegerType, reader: WaveReader): number | bigint {
  const [min, max] = ranges[type];
  const value = readBetween(reader, { min, max, what: type });
  return type === "s64" || type === "u64" ? value : Number(value);
}

/** An integer of a range that has a name. */
export function readBetween(
  reader: WaveReader,
  { min, max, what }: { readonly min: bigint; readonly max: bigint; readonly what: string },
): bigint {
  const start = reader.position;
  const digits = reader.take(integer);
  const value = digits !== undefined && digits.length <= integerLettersMax ? BigInt(digits) : undefined;
  if (value !== undefined && value >= min && value <= max) return value;
  throw reader.fail(`a ${what} from "${min}" to "${max}" is expected`, start);
}

export function readFloat(type: "f32" | "f64", reader: WaveReader): number {
  const start = reader.position;
  const text = reader.take(float);
  if (text === "nan") return NaN;
  if (text?.endsWith("inf") === true) return text.startsWith("-") ? -Infinity : Infinity;
  const value = type === "f32" ? Math.fround(Number(text)) : Number(text);
  if (text !== undefined && Number.isFinite(value)) return value;
  throw reader.fail(`a ${type} is expected, such as 1.5, 6e23, nan, inf or -inf`, start);
}

function readChar(reader: WaveReader): string {
  const start = reader.position;
  reader.expect("'");
  const letter = readLetter(reader, "'");
  if (letter === undefined || !reader.text.startsWith("'", reader.position)) {
    throw reader.fail("one letter between single quotes is expected", start);
  }
  reader.position += 1;
  return letter;
}

function readString(reader: WaveReader): string {
  const start = reader.position;
  if (!reader.eats('"')) throw reader.fail("a string between double quotes is expected");
  const letters: string[] = [];
  for (;;) {
    const letter = readLetter(reader, '"');
    if (letter === undefined) break;
    letters.push(letter);
  }
  if (!reader.text.startsWith('"', reader.position)) {
    throw reader.fail("a string that ends with a double quote on its own line is expected", start);
  }
  reader.position += 1;
  return letters.join("");
}

const escapes: Readonly<Record<string, string>> = { "'": "'", '"': '"', "\\": "\\", t: "\t", n: "\n", r: "\r" };
const codeEscape = /u\{([0-9A-Fa-f]{1,6})\}/y;
const firstSurrogate = 0xd800;
const lastSurrogate = 0xdfff;
const lastCode = 0x10ffff;

/** The next letter of a text between quotes, or undefined at a quote, a line break or the end. */
function readLetter(reader: WaveReader, quote: string): string | undefined {
  const code = reader.text.codePointAt(reader.position);
  if (code === undefined || code === 0x0a || isSurrogate(code)) return undefined;
  const letter = String.fromCodePoint(code);
  if (letter === quote) return undefined;
  reader.position += letter.length;
  return letter === "\\" ? readEscape(reader) : letter;
}

function readEscape(reader: WaveReader): string {
  const start = reader.position - 1;
  const known = escapes[reader.text[reader.position] ?? ""];
  if (known !== undefined) {
    reader.position += 1;
    return known;
  }
  codeEscape.lastIndex = reader.position;
  const [whole, digits] = codeEscape.exec(reader.text) ?? [];
  const code = Number.parseInt(digits ?? "", 16);
  if (whole === undefined || !(code <= lastCode) || isSurrogate(code)) {
    throw reader.fail("one of the escapes \\' \\\" \\\\ \\t \\n \\r \\u{1f600} is expected", start);
  }
  reader.position += whole.length;
  return String.fromCodePoint(code);
}

function isSurrogate(code: number): boolean {
  return code >= firstSurrogate && code <= lastSurrogate;
}
