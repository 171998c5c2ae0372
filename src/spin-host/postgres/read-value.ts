import type { Moment, PostgresValue } from "./value.ts";

/** A value that is none of its type, or out of what the type of components can hold. */
class ValueError extends Error {}

interface Reader {
  /** The case of `db-value` and, by the same name, of `db-data-type`. */
  readonly tag: string;
  readonly read: (bytes: Buffer) => unknown;
}

const text = (bytes: Buffer): string => bytes.toString("utf8");
const int32 = (bytes: Buffer): number => bytes.readInt32BE();
const int64 = (bytes: Buffer): bigint => bytes.readBigInt64BE();

/** Types by their numbers (src/include/catalog/pg_type.dat of PostgreSQL), each read of its binary form. */
const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [16, { tag: "boolean", read: (bytes) => bytes[0] === 1 }],
  [17, { tag: "binary", read: (bytes) => new Uint8Array(bytes) }],
  [20, { tag: "int64", read: int64 }],
  [21, { tag: "int16", read: (bytes) => bytes.readInt16BE() }],
  [23, { tag: "int32", read: int32 }],
  [25, { tag: "str", read: text }],
  [700, { tag: "floating32", read: (bytes) => bytes.readFloatBE() }],
  [701, { tag: "floating64", read: (bytes) => bytes.readDoubleBE() }],
  [1007, { tag: "array-int32", read: (bytes) => arrayOf(bytes, int32) }],
  [1009, { tag: "array-str", read: (bytes) => arrayOf(bytes, text) }],
  [1014, { tag: "array-str", read: (bytes) => arrayOf(bytes, text) }],
  [1015, { tag: "array-str", read: (bytes) => arrayOf(bytes, text) }],
  [1016, { tag: "array-int64", read: (bytes) => arrayOf(bytes, int64) }],
  [1042, { tag: "str", read: text }],
  [1043, { tag: "str", read: text }],
  [1082, { tag: "date", read: (bytes) => momentOf(BigInt(bytes.readInt32BE()) * dayMicros).slice(0, 3) }],
  [1083, { tag: "time", read: (bytes) => timeOf(bytes.readBigInt64BE()) }],
  [1114, { tag: "datetime", read: (bytes) => momentOf(bytes.readBigInt64BE()) }],
  [1184, { tag: "datetime", read: (bytes) => momentOf(bytes.readBigInt64BE()) }],
  [1186, { tag: "interval", read: intervalOf }],
  [1231, { tag: "array-decimal", read: (bytes) => arrayOf(bytes, decimalOf) }],
  [1700, { tag: "decimal", read: decimalOf }],
  [2950, { tag: "uuid", read: uuidOf }],
  // The version of its binary form comes first.
  [3802, { tag: "jsonb", read: (bytes) => new Uint8Array(bytes.subarray(1)) }],
  [3904, { tag: "range-int32", read: (bytes) => rangeOf(bytes, int32) }],
  [3906, { tag: "range-decimal", read: (bytes) => rangeOf(bytes, decimalOf) }],
  [3926, { tag: "range-int64", read: (bytes) => rangeOf(bytes, int64) }],
]);

/** The case that a type of this number has; undefined for those that components do not know. */
export function tagOfType(oid: number): string | undefined {
  return readers.get(oid)?.tag;
}

/** Reads a value as the server sends it in its binary form. Throws a `ValueError`. */
export function readValue(oid: number, bytes: Buffer | null): PostgresValue {
  if (bytes === null) return { tag: "db-null" };
  const reader = readers.get(oid);
  if (reader === undefined) return { tag: "unsupported", value: new Uint8Array(bytes) };
  try {
    return { tag: reader.tag, value: reader.read(bytes) };
  } catch (error) {
    if (error instanceof RangeError) throw new ValueError(`error deserializing a value of type ${reader.tag}`);
    throw error;
  }
}

const dayMicros = 86_400_000_000n;
const millisecondMicros = 1_000n;
/** 2000-01-01, from which PostgreSQL counts. */
const epochMs = Date.UTC(2000, 0, 1);

/** Microseconds since 2000, as date and time. */
function momentOf(micros: bigint): Moment {
  const rest = ((micros % millisecondMicros) + millisecondMicros) % millisecondMicros;
  const date = new Date(Number((micros - rest) / millisecondMicros) + epochMs);
  // Also what "infinity" is.
  if (Number.isNaN(date.getTime())) throw new ValueError("error deserializing a date: it is out of range");
  const nanosecond = date.getUTCMilliseconds() * 1_000_000 + Number(rest) * 1_000;
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
  return [...day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), nanosecond];
}

/** Microseconds since midnight; `24:00:00` is one more time than there are. */
function timeOf(micros: bigint): readonly [number, number, number, number] {
  const seconds = Number(micros / 1_000_000n);
  const nanosecond = Number(micros % 1_000_000n) * 1_000;
  return [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60, nanosecond];
}

function intervalOf(bytes: Buffer): object {
  return { micros: bytes.readBigInt64BE(0), days: bytes.readInt32BE(8), months: bytes.readInt32BE(12) };
}

function uuidOf(bytes: Buffer): string {
  if (bytes.length !== 16) throw new ValueError("error deserializing a uuid");
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
}

const signs: Readonly<Record<number, string>> = { 0xc000: "NaN", 0xd000: "Infinity", 0xf000: "-Infinity" };

/** Groups of four decimal digits, of which the first stands for `weight` groups before the point. */
function decimalOf(bytes: Buffer): string {
  const [groups, weight, sign, scale] = [
    bytes.readUInt16BE(0),
    bytes.readInt16BE(2),
    bytes.readUInt16BE(4),
    bytes.readUInt16BE(6),
  ];
  const special = signs[sign];
  if (special !== undefined) return special;
  const group = (at: number): string => {
    const digits = at >= 0 && at < groups ? bytes.readUInt16BE(8 + at * 2) : 0;
    return String(digits).padStart(4, "0");
  };
  const whole = Array.from({ length: Math.max(weight + 1, 0) }, (_, at) => group(at)).join("");
  const fraction = Array.from({ length: Math.ceil(scale / 4) }, (_, at) => group(weight + 1 + at)).join("");
  const number = `${whole.replace(/^0+(?=\d)/u, "") || "0"}${scale > 0 ? `.${fraction.slice(0, scale)}` : ""}`;
  return sign === 0x4000 ? `-${number}` : number;
}

const rangeFlags = { empty: 0x01, lowerInclusive: 0x02, upperInclusive: 0x04, noLower: 0x08, noUpper: 0x10 } as const;

type Bound<Value> = readonly [value: Value, kind: "inclusive" | "exclusive"] | undefined;

/** An empty range has no bounds, as one without bounds: Spin's types do not tell them apart. */
function rangeOf<Value>(bytes: Buffer, read: (bytes: Buffer) => Value): readonly [Bound<Value>, Bound<Value>] {
  const flags = bytes.readUInt8(0);
  const left = { at: 1 };
  const bound = (missing: number, inclusive: number): Bound<Value> => {
    if ((flags & (rangeFlags.empty | missing)) !== 0) return undefined;
    return [read(nextOf(bytes, left)), (flags & inclusive) === 0 ? "exclusive" : "inclusive"];
  };
  const lower = bound(rangeFlags.noLower, rangeFlags.lowerInclusive);
  return [lower, bound(rangeFlags.noUpper, rangeFlags.upperInclusive)];
}

function arrayOf<Value>(bytes: Buffer, read: (bytes: Buffer) => Value): readonly (Value | undefined)[] {
  const dimensions = bytes.readInt32BE(0);
  if (dimensions === 0) return [];
  if (dimensions !== 1) throw new ValueError("error deserializing an array: it has several dimensions");
  const left = { at: 20 };
  // Each element has four bytes at least, so that its number is limited by what came.
  const length = Math.min(bytes.readUInt32BE(12), bytes.length);
  return Array.from({ length }, () => {
    const size = bytes.readInt32BE(left.at);
    if (size >= 0) return read(nextOf(bytes, left));
    left.at += 4;
    return undefined;
  });
}

/** Bytes behind their length. */
function nextOf(bytes: Buffer, left: { at: number }): Buffer {
  const begin = left.at + 4;
  left.at = begin + bytes.readUInt32BE(left.at);
  return bytes.subarray(begin, left.at);
}
