import type { Moment } from "./value.ts";

/** Values of parameters by their cases, as components give them. */
interface Values {
  readonly boolean: boolean;
  readonly int8: number;
  readonly int16: number;
  readonly int32: number;
  readonly int64: bigint;
  readonly uint8: number;
  readonly uint16: number;
  readonly uint32: number;
  readonly uint64: bigint;
  readonly floating32: number;
  readonly floating64: number;
  readonly str: string;
  readonly binary: Uint8Array;
  readonly date: readonly [year: number, month: number, day: number];
  readonly time: Time;
  readonly datetime: Moment;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly uuid: string;
  readonly jsonb: Uint8Array;
  readonly decimal: string;
  readonly "range-int32": Range<number>;
  readonly "range-int64": Range<bigint>;
  readonly "range-decimal": Range<string>;
  readonly "array-int32": readonly (number | undefined)[];
  readonly "array-int64": readonly (bigint | undefined)[];
  readonly "array-decimal": readonly (string | undefined)[];
  readonly "array-str": readonly (string | undefined)[];
  readonly interval: Interval;
}

/** A parameter of a statement. */
export type PostgresParameter =
  | { [Tag in keyof Values]: { readonly tag: Tag; readonly value: Values[Tag] } }[keyof Values]
  | { readonly tag: "db-null" };

type Time = readonly [hour: number, minute: number, second: number, nanosecond: number];
type Bound<Value> = readonly [value: Value, kind: "inclusive" | "exclusive"] | undefined;
type Range<Value> = readonly [lower: Bound<Value>, upper: Bound<Value>];

interface Interval {
  readonly micros: bigint;
  readonly days: number;
  readonly months: number;
}

/** A parameter that has no such value. `isUnsigned` is what no version of PostgreSQL has. */
export class ParameterError extends Error {
  readonly isUnsigned: boolean;

  constructor(message: string, isUnsigned = false) {
    super(message);
    this.isUnsigned = isUnsigned;
  }
}

/** The form in which a parameter is sent: text, whose type the server finds out, or bytes. Throws a `ParameterError`. */
export function writeParameter(parameter: PostgresParameter): string | Buffer | null {
  if (parameter.tag === "db-null") return null;
  // The case says what the value is.
  const write = writers[parameter.tag] as (value: unknown) => string | Buffer;
  return write(parameter.value);
}

const writers: { readonly [Tag in keyof Values]: (value: Values[Tag]) => string | Buffer } = {
  boolean: (value) => (value ? "t" : "f"),
  int8: String,
  int16: String,
  int32: String,
  int64: String,
  uint8: refuseUnsigned,
  uint16: refuseUnsigned,
  uint32: refuseUnsigned,
  uint64: refuseUnsigned,
  floating32: String,
  floating64: String,
  str: (value) => value,
  binary: (value) => Buffer.from(value),
  date: ([year, month, day]) => dateText([year, month, day], ""),
  time: timeText,
  datetime: ([year, month, day, ...time]) => dateText([year, month, day], ` ${timeText(time)}`),
  timestamp: timestampText,
  uuid: uuidText,
  jsonb: jsonText,
  decimal: decimalText,
  "range-int32": (value) => rangeText(value, String),
  "range-int64": (value) => rangeText(value, String),
  "range-decimal": (value) => rangeText(value, decimalText),
  "array-int32": (value) => arrayText(value, String),
  "array-int64": (value) => arrayText(value, String),
  "array-decimal": (value) => arrayText(value, decimalText),
  "array-str": (value) => arrayText(value, quoted),
  interval: ({ micros, days, months }) => `${months} months ${days} days ${micros} microseconds`,
};

function refuseUnsigned(): never {
  throw new ParameterError("Postgres does not support unsigned integers", true);
}

/** A date of the calendar that both sides go by, for all years. Years before the first are counted backwards. */
function dateText([year, month, day]: readonly [number, number, number], time: string): string {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new ParameterError(`invalid date y=${year}, m=${month}, d=${day}`);
  }
  const shown = year > 0 ? year : 1 - year;
  return `${String(shown).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}${time}${year > 0 ? "" : " BC"}`;
}

function timeText([hour, minute, second, nanosecond]: Time): string {
  if (hour > 23 || minute > 59 || second > 59 || nanosecond >= 1_000_000_000) {
    throw new ParameterError(`invalid time ${hour}:${minute}:${second}:${nanosecond}`);
  }
  const micros = String(Math.floor(nanosecond / 1_000)).padStart(6, "0");
  return `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}.${micros}`;
}

function timestampText(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1_000);
  if (Number.isNaN(date.getTime())) throw new ParameterError(`invalid epoch timestamp ${seconds}`);
  const time = ` ${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())}+00`;
  return dateText([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()], time);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function uuidText(text: string): string {
  if (/^(?:urn:uuid:)?\{?[\da-f]{8}(?:-?[\da-f]{4}){3}-?[\da-f]{12}\}?$/iu.test(text)) {
    return text.replace(/^urn:uuid:/iu, "");
  }
  throw new ParameterError(`invalid UUID ${text.slice(0, 64)}`);
}

function decimalText(text: string): string {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/u.test(text)) return text;
  throw new ParameterError(`invalid decimal ${text.slice(0, 64)}`);
}

const strictText = new TextDecoder("utf-8", { fatal: true });

function jsonText(bytes: Uint8Array): string {
  try {
    const text = strictText.decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    throw new ParameterError(`invalid JSON ${Buffer.from(bytes.subarray(0, 64)).toString()}`);
  }
}

function rangeText<Value>([lower, upper]: Range<Value>, write: (value: Value) => string): string {
  const begin = lower?.[1] === "inclusive" ? "[" : "(";
  const end = upper?.[1] === "inclusive" ? "]" : ")";
  return `${begin}${lower === undefined ? "" : write(lower[0])},${upper === undefined ? "" : write(upper[0])}${end}`;
}

function arrayText<Value>(values: readonly (Value | undefined)[], write: (value: Value) => string): string {
  return `{${values.map((value) => (value === undefined ? "NULL" : write(value))).join(",")}}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, "\\$&")}"`;
}
