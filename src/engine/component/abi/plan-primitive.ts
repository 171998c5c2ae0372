import type { PrimitiveType } from "../parser/definitions.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext, FlatValue } from "./context.ts";
import { loadString } from "./load-string.ts";
import { storeString } from "./store-string.ts";
import { trap } from "./trap.ts";
import { type FlatReader, mismatch, nextFlat, nextInteger, type ValuePlan } from "./value-plan.ts";

const NUMBER_HEAP_BYTES = 8;

/** Numbers that core functions see as one i32: how they are read, written and brought into range. */
function integerPlan(
  size: 1 | 2 | 4,
  load: (view: DataView, pointer: number) => number,
  store: (view: DataView, pointer: number, value: number) => void,
  wrap: (value: number) => number,
): ValuePlan {
  return {
    size,
    alignment: size,
    flat: ["i32"],
    heapBytes: NUMBER_HEAP_BYTES,
    load: (context, pointer) => load(context.view, pointer),
    store: (context, pointer, value) => store(context.view, pointer, numberOf(value)),
    lift: (_context, reader) => wrap(nextInteger(reader)),
    lower: (_context, value, flat) => void flat.push(wrap(numberOf(value)) | 0),
  };
}

function numberOf(value: ComponentValue): number {
  if (typeof value === "number") return value;
  throw mismatch("number", value);
}

function bigintOf(value: ComponentValue): bigint {
  if (typeof value === "bigint") return value;
  throw mismatch("64-bit integer", value);
}

function longPlan(isSigned: boolean): ValuePlan {
  return {
    size: 8,
    alignment: 8,
    flat: ["i64"],
    heapBytes: 24,
    load: ({ view }, pointer) => (isSigned ? view.getBigInt64(pointer, true) : view.getBigUint64(pointer, true)),
    store: ({ view }, pointer, value) => view.setBigInt64(pointer, bigintOf(value), true),
    lift(_context, reader) {
      const value = BigInt(nextFlat(reader));
      return isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    },
    lower: (_context, value, flat) => void flat.push(BigInt.asIntN(64, bigintOf(value))),
  };
}

function floatPlan(size: 4 | 8): ValuePlan {
  return {
    size,
    alignment: size,
    flat: [size === 4 ? "f32" : "f64"],
    heapBytes: 16,
    load: ({ view }, pointer) => (size === 4 ? view.getFloat32(pointer, true) : view.getFloat64(pointer, true)),
    store({ view }, pointer, value) {
      if (size === 4) view.setFloat32(pointer, numberOf(value), true);
      else view.setFloat64(pointer, numberOf(value), true);
    },
    lift: (_context, reader) => nextInteger(reader),
    lower: (_context, value, flat) => void flat.push(size === 4 ? Math.fround(numberOf(value)) : numberOf(value)),
  };
}

function booleanOf(value: ComponentValue): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  throw mismatch("bool", value);
}

const booleanPlan: ValuePlan = {
  size: 1,
  alignment: 1,
  flat: ["i32"],
  heapBytes: NUMBER_HEAP_BYTES,
  load: ({ view }, pointer) => view.getUint8(pointer) !== 0,
  store: ({ view }, pointer, value) => view.setUint8(pointer, booleanOf(value)),
  lift: (_context, reader) => nextInteger(reader) !== 0,
  lower: (_context, value, flat) => void flat.push(booleanOf(value)),
};

function characterOf(code: number): string {
  if (code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff)) throw trap(`"${code}" is not a valid char`);
  return String.fromCodePoint(code);
}

function codeOf(value: ComponentValue): number {
  const code = typeof value === "string" ? value.codePointAt(0) : undefined;
  if (code === undefined || (code >= 0xd800 && code <= 0xdfff)) throw mismatch("char", value);
  return code;
}

const characterPlan: ValuePlan = {
  size: 4,
  alignment: 4,
  flat: ["i32"],
  heapBytes: 24,
  load: ({ view }, pointer) => characterOf(view.getUint32(pointer, true)),
  store: ({ view }, pointer, value) => view.setUint32(pointer, codeOf(value), true),
  lift: (_context, reader) => characterOf(nextInteger(reader) >>> 0),
  lower: (_context, value, flat) => void flat.push(codeOf(value)),
};

function textOf(value: ComponentValue): string {
  if (typeof value === "string") return value;
  throw mismatch("string", value);
}

const stringPlan: ValuePlan = {
  size: 8,
  alignment: 4,
  flat: ["i32", "i32"],
  heapBytes: 24,
  load: (context, pointer) =>
    loadString(context, context.view.getUint32(pointer, true), context.view.getUint32(pointer + 4, true)),
  store(context, pointer, value) {
    const stored = storeString(context, textOf(value));
    context.view.setUint32(pointer, stored.pointer, true);
    context.view.setUint32(pointer + 4, stored.units, true);
  },
  lift(context: AbiContext, reader: FlatReader) {
    const pointer = nextInteger(reader) >>> 0;
    return loadString(context, pointer, nextInteger(reader) >>> 0);
  },
  lower(context: AbiContext, value: ComponentValue, flat: FlatValue[]) {
    const { pointer, units } = storeString(context, textOf(value));
    flat.push(pointer | 0, units | 0);
  },
};

/** Values of the type that a component can make without a plan of its own. */
export const primitivePlans: Readonly<Record<Exclude<PrimitiveType, "error-context">, ValuePlan>> = {
  bool: booleanPlan,
  s8: integerPlan(
    1,
    (view, at) => view.getInt8(at),
    (view, at, value) => view.setInt8(at, value),
    (value) => (value << 24) >> 24,
  ),
  u8: integerPlan(
    1,
    (view, at) => view.getUint8(at),
    (view, at, value) => view.setUint8(at, value),
    (value) => value & 0xff,
  ),
  s16: integerPlan(
    2,
    (view, at) => view.getInt16(at, true),
    (view, at, value) => view.setInt16(at, value, true),
    (value) => (value << 16) >> 16,
  ),
  u16: integerPlan(
    2,
    (view, at) => view.getUint16(at, true),
    (view, at, value) => view.setUint16(at, value, true),
    (value) => value & 0xffff,
  ),
  s32: integerPlan(
    4,
    (view, at) => view.getInt32(at, true),
    (view, at, value) => view.setInt32(at, value, true),
    (value) => value | 0,
  ),
  u32: integerPlan(
    4,
    (view, at) => view.getUint32(at, true),
    (view, at, value) => view.setUint32(at, value, true),
    (value) => value >>> 0,
  ),
  s64: longPlan(true),
  u64: longPlan(false),
  f32: floatPlan(4),
  f64: floatPlan(8),
  char: characterPlan,
  string: stringPlan,
};
