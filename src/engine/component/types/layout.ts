import type { ValueType } from "./types.ts";

/** Bytes of a value in linear memory. */
export interface Layout {
  readonly size: number;
  readonly alignment: number;
}

/** What core functions take and give. */
export type FlatType = "i32" | "i64" | "f32" | "f64";

/** No function takes more as single values; what a type has past this number and one is not written out. */
export const flatParametersMax = 16;

type PointerBytes = 4 | 8;

const layoutsByPointer = { 4: new WeakMap<ValueType, Layout>(), 8: new WeakMap<ValueType, Layout>() } as const;

/** The layout of a value with pointers of so many bytes; limits are told in those of eight. */
export function layoutOf(type: ValueType, pointerBytes: PointerBytes = 4): Layout {
  const known = layoutsByPointer[pointerBytes].get(type);
  if (known !== undefined) return known;
  const made = makeLayout(type, pointerBytes);
  layoutsByPointer[pointerBytes].set(type, made);
  return made;
}

const sizes = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  s64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  char: 4,
  "error-context": 4,
} as const;

function makeLayout(type: ValueType, pointerBytes: PointerBytes): Layout {
  switch (type.kind) {
    case "primitive":
      return type.type === "string" ? pair(pointerBytes) : square(sizes[type.type]);
    case "record":
      return recordLayout(
        type.fields.map((field) => field.type),
        pointerBytes,
      );
    case "tuple":
      return recordLayout(type.types, pointerBytes);
    case "variant":
      return variantLayout(
        type.cases.map((entry) => entry.type),
        pointerBytes,
      );
    case "enum":
      return square(discriminantBytes(type.names.length));
    case "option":
      return variantLayout([undefined, type.type], pointerBytes);
    case "result":
      return variantLayout([type.ok, type.err], pointerBytes);
    case "list": {
      if (type.length === undefined) return pair(pointerBytes);
      const element = layoutOf(type.element, pointerBytes);
      return { size: element.size * type.length, alignment: element.alignment };
    }
    case "map":
      return pair(pointerBytes);
    case "flags":
      return square(flagsBytes(type.names.length));
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return square(4);
  }
}

function square(bytes: number): Layout {
  return { size: bytes, alignment: bytes };
}

function pair(pointerBytes: PointerBytes): Layout {
  return { size: 2 * pointerBytes, alignment: pointerBytes };
}

export function alignTo(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function recordLayout(types: readonly ValueType[], pointerBytes: PointerBytes = 4): Layout {
  let size = 0;
  let alignment = 1;
  for (const type of types) {
    const part = layoutOf(type, pointerBytes);
    size = alignTo(size, part.alignment) + part.size;
    alignment = Math.max(alignment, part.alignment);
  }
  return { size: alignTo(size, alignment), alignment };
}

/** Bytes of the number that says which of so many cases a value is. */
export function discriminantBytes(cases: number): 1 | 2 | 4 {
  if (cases <= 2 ** 8) return 1;
  return cases <= 2 ** 16 ? 2 : 4;
}

export function flagsBytes(names: number): 1 | 2 | 4 {
  if (names <= 8) return 1;
  return names <= 16 ? 2 : 4;
}

/** Where the payload of a variant begins. */
function payloadOffset(cases: readonly (ValueType | undefined)[], pointerBytes: PointerBytes = 4): number {
  const alignments = cases.map((type) => (type === undefined ? 1 : layoutOf(type, pointerBytes).alignment));
  return alignTo(discriminantBytes(cases.length), maximum(alignments));
}

function variantLayout(cases: readonly (ValueType | undefined)[], pointerBytes: PointerBytes): Layout {
  const layouts = cases.flatMap((type) => (type === undefined ? [] : [layoutOf(type, pointerBytes)]));
  const alignment = Math.max(discriminantBytes(cases.length), maximum(layouts.map((part) => part.alignment)));
  const size = payloadOffset(cases, pointerBytes) + maximum(layouts.map((part) => part.size));
  return { size: alignTo(size, alignment), alignment };
}

function maximum(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, value), 0);
}

const flatTypes = new WeakMap<ValueType, readonly FlatType[]>();

/** A value as single values of core functions; one more than functions take stands for all that are too many. */
export function flatten(type: ValueType): readonly FlatType[] {
  const known = flatTypes.get(type);
  if (known !== undefined) return known;
  const made = makeFlat(type).slice(0, flatParametersMax + 1);
  flatTypes.set(type, made);
  return made;
}

function flattenAll(types: readonly ValueType[]): readonly FlatType[] {
  const flat: FlatType[] = [];
  for (const type of types) {
    if (flat.length <= flatParametersMax) flat.push(...flatten(type));
  }
  return flat;
}

function makeFlat(type: ValueType): readonly FlatType[] {
  switch (type.kind) {
    case "primitive":
      return flatPrimitive(type.type);
    case "record":
      return flattenAll(type.fields.map((field) => field.type));
    case "tuple":
      return flattenAll(type.types);
    case "variant":
      return flatVariant(type.cases.map((entry) => entry.type));
    case "option":
      return flatVariant([undefined, type.type]);
    case "result":
      return flatVariant([type.ok, type.err]);
    case "list": {
      if (type.length === undefined) return ["i32", "i32"];
      return flattenAll(Array.from({ length: Math.min(type.length, flatParametersMax + 1) }, () => type.element));
    }
    case "map":
      return ["i32", "i32"];
    case "enum":
    case "flags":
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return ["i32"];
  }
}

function flatPrimitive(type: string): readonly FlatType[] {
  switch (type) {
    case "s64":
    case "u64":
      return ["i64"];
    case "f32":
    case "f64":
      return [type];
    case "string":
      return ["i32", "i32"];
    default:
      return ["i32"];
  }
}

/** The number of the case, then at each place a type that can carry what any case has there. */
function flatVariant(cases: readonly (ValueType | undefined)[]): readonly FlatType[] {
  const payload: FlatType[] = [];
  for (const type of cases) {
    if (type === undefined) continue;
    flatten(type).forEach((flat, index) => {
      const present = payload[index];
      payload[index] = present === undefined ? flat : join(present, flat);
    });
  }
  return ["i32", ...payload];
}

function join(one: FlatType, other: FlatType): FlatType {
  if (one === other) return one;
  const both = new Set([one, other]);
  return both.has("i64") || both.has("f64") ? "i64" : "i32";
}
