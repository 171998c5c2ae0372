import * as fc from "fast-check";
import { factsOf, primitive } from "../types/make-type.ts";
import type { ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";

/** A type and values of it. */
export interface TypedValues {
  readonly type: ValueType;
  readonly values: fc.Arbitrary<ComponentValue>;
}

/** A type, and a value of it. */
export interface TypedValue {
  readonly type: ValueType;
  readonly value: ComponentValue;
}

const text = fc.string({ unit: "binary", maxLength: 12 });

const leaves: readonly TypedValues[] = [
  { type: primitive("bool"), values: fc.boolean() },
  { type: primitive("s8"), values: fc.integer({ min: -128, max: 127 }) },
  { type: primitive("u8"), values: fc.integer({ min: 0, max: 255 }) },
  { type: primitive("s16"), values: fc.integer({ min: -32_768, max: 32_767 }) },
  { type: primitive("u16"), values: fc.integer({ min: 0, max: 65_535 }) },
  { type: primitive("s32"), values: fc.integer() },
  { type: primitive("u32"), values: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { type: primitive("s64"), values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: primitive("u64"), values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { type: primitive("f32"), values: fc.float() },
  { type: primitive("f64"), values: fc.double() },
  { type: primitive("char"), values: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
  { type: primitive("string"), values: text },
];

/** Any type without handles, to some depth, with values of it. */
const typedValues: fc.Arbitrary<TypedValues> = fc.letrec<{ type: TypedValues }>((tie) => {
  const inner = tie("type");
  const some = fc.array(inner, { minLength: 1, maxLength: 5 });
  const leaf = fc.constantFrom(...leaves);
  return {
    type: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      some.map(recordOf),
      some.map(tupleOf),
      some.map(variantOf),
      inner.map(optionOf),
      fc.tuple(fc.option(inner, { nil: undefined }), fc.option(inner, { nil: undefined })).map(resultOf),
      inner.map(listOf),
      fc.tuple(inner, fc.integer({ min: 1, max: 4 })).map(fixedListOf),
      fc.integer({ min: 1, max: 32 }).map(flagsOf),
      fc.integer({ min: 1, max: 300 }).map(enumOf),
      fc.tuple(fc.constantFrom(...leaves.slice(0, 7)), inner).map(mapOf),
    ),
  };
}).type;

export const typedValue: fc.Arbitrary<TypedValue> = typedValues.chain(({ type, values }) =>
  values.map((value) => ({ type, value })),
);

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_name, index) => `name-${index}`);
}

function recordOf(members: readonly TypedValues[]): TypedValues {
  const fields = members.map(({ type }, index) => ({ name: `name-${index}`, type }));
  const values = Object.fromEntries(members.map((member, index) => [`name-${index}`, member.values]));
  const facts = factsOf(members.map(({ type }) => type));
  return { type: { kind: "record", fields, ...facts }, values: fc.record(values, { noNullPrototype: true }) };
}

function tupleOf(members: readonly TypedValues[]): TypedValues {
  const types = members.map(({ type }) => type);
  return {
    type: { kind: "tuple", types, ...factsOf(types) },
    values: fc.tuple(...members.map((member) => member.values)),
  };
}

function variantOf(members: readonly TypedValues[]): TypedValues {
  const cases = [
    ...members.map(({ type }, index) => ({ name: `name-${index}`, type })),
    { name: "none", type: undefined },
  ];
  const tagged = members.map(({ values }, index) => values.map((value) => ({ tag: `name-${index}`, value })));
  return {
    type: { kind: "variant", cases, ...factsOf(members.map(({ type }) => type)) },
    values: fc.oneof(fc.constant<ComponentValue>({ tag: "none" }), ...tagged),
  };
}

function optionOf({ type, values }: TypedValues): TypedValues {
  const some = type.kind === "option" ? values.map((value) => ({ some: value })) : values;
  return {
    type: { kind: "option", type, ...factsOf([type]) },
    values: fc.oneof(fc.constant<ComponentValue>(undefined), some),
  };
}

function resultOf([ok, err]: readonly [TypedValues | undefined, TypedValues | undefined]): TypedValues {
  function tagged(tag: string, member: TypedValues | undefined): fc.Arbitrary<ComponentValue> {
    return member === undefined ? fc.constant({ tag }) : member.values.map((value) => ({ tag, value }));
  }
  const type: ValueType = { kind: "result", ok: ok?.type, err: err?.type, ...factsOf([ok?.type, err?.type]) };
  return { type, values: fc.oneof(tagged("ok", ok), tagged("err", err)) };
}

function isByte(type: ValueType): boolean {
  return type.kind === "primitive" && type.type === "u8";
}

function listOf({ type, values }: TypedValues): TypedValues {
  const lists = fc.array(values, { maxLength: 5 });
  return {
    type: { kind: "list", element: type, length: undefined, ...factsOf([type]) },
    values: isByte(type) ? lists.map((bytes) => Uint8Array.from(bytes, Number)) : lists,
  };
}

function fixedListOf([{ type, values }, length]: readonly [TypedValues, number]): TypedValues {
  const lists = fc.array(values, { minLength: length, maxLength: length });
  return {
    type: { kind: "list", element: type, length, ...factsOf([type]) },
    values: isByte(type) ? lists.map((bytes) => Uint8Array.from(bytes, Number)) : lists,
  };
}

function flagsOf(count: number): TypedValues {
  const names = namesOf(count);
  return {
    type: { kind: "flags", names, ...factsOf([]) },
    values: fc.subarray(names).map((set) => new Set(set)),
  };
}

function enumOf(count: number): TypedValues {
  const names = namesOf(count);
  return { type: { kind: "enum", names, ...factsOf([]) }, values: fc.constantFrom(...names) };
}

function mapOf([key, value]: readonly [TypedValues, TypedValues]): TypedValues {
  return {
    type: { kind: "map", key: key.type, value: value.type, ...factsOf([key.type, value.type]) },
    values: fc.array(fc.tuple(key.values, value.values), { maxLength: 4 }),
  };
}
