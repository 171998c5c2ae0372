import { alignTo, discriminantBytes, flatParametersMax, type FlatType } from "../types/layout.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext, FlatValue } from "./context.ts";
import { trap } from "./trap.ts";
import { type FlatReader, mismatch, nextFlat, nextInteger, type ValuePlan } from "./value-plan.ts";

/** One of several cases, and how JavaScript says which. */
export interface VariantShape {
  readonly cases: readonly (ValuePlan | undefined)[];
  make(index: number, payload: ComponentValue): ComponentValue;
  indexOf(value: ComponentValue): number;
  payloadOf(value: ComponentValue): ComponentValue;
}

/** Plans variants and all types that are written as variants. */
export function planVariant(shape: VariantShape, heapBytes: number): ValuePlan {
  const { cases } = shape;
  const discriminant = discriminantBytes(cases.length);
  const offset = alignTo(discriminant, greatest(cases.map((plan) => plan?.alignment ?? 1)));
  const alignment = Math.max(discriminant, greatest(cases.map((plan) => plan?.alignment ?? 1)));
  const size = alignTo(offset + greatest(cases.map((plan) => plan?.size ?? 0)), alignment);
  const flat = joinFlat(cases);
  const conversions = cases.map((plan) => planConversion(plan?.flat ?? [], flat.slice(1)));
  return {
    size,
    alignment,
    flat,
    heapBytes: heapBytes + greatest(cases.map((plan) => plan?.heapBytes ?? 0)),
    load(context, pointer) {
      const index = readDiscriminant(context.view, pointer, discriminant);
      checkCase(index, cases.length);
      const plan = cases[index];
      return shape.make(index, plan?.load(context, pointer + offset));
    },
    store(context, pointer, value) {
      const index = shape.indexOf(value);
      writeDiscriminant(context.view, pointer, discriminant, index);
      cases[index]?.store(context, pointer + offset, shape.payloadOf(value));
    },
    lift(context, reader) {
      const index = nextInteger(reader) >>> 0;
      checkCase(index, cases.length);
      const start = reader.position;
      const payload = liftPayload(context, reader, { plan: cases[index], conversion: conversions[index] });
      reader.position = start + flat.length - 1;
      return shape.make(index, payload);
    },
    lower(context, value, target) {
      const index = shape.indexOf(value);
      target.push(index);
      const start = target.length;
      cases[index]?.lower(context, shape.payloadOf(value), target);
      conversions[index]?.widen(target, start);
      for (let place = target.length - start + 1; place < flat.length; place++) {
        target.push(flat[place] === "i64" ? 0n : 0);
      }
    },
  };
}

function checkCase(index: number, count: number): void {
  if (index >= count) throw trap(`invalid variant discriminant "${index}" of "${count}" cases`);
}

function readDiscriminant(view: DataView, pointer: number, bytes: 1 | 2 | 4): number {
  if (bytes === 1) return view.getUint8(pointer);
  return bytes === 2 ? view.getUint16(pointer, true) : view.getUint32(pointer, true);
}

function writeDiscriminant(view: DataView, pointer: number, bytes: 1 | 2 | 4, index: number): void {
  if (bytes === 1) view.setUint8(pointer, index);
  else if (bytes === 2) view.setUint16(pointer, index, true);
  else view.setUint32(pointer, index, true);
}

function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function joinFlat(cases: readonly (ValuePlan | undefined)[]): readonly FlatType[] {
  const payload: FlatType[] = [];
  for (const plan of cases) {
    plan?.flat.forEach((type, index) => {
      const present = payload[index];
      payload[index] = present === undefined || present === type ? type : joined(present, type);
    });
  }
  const flat: FlatType[] = ["i32", ...payload];
  return flat.slice(0, flatParametersMax + 1);
}

function joined(one: FlatType, other: FlatType): FlatType {
  const isWide = one === "i64" || other === "i64" || one === "f64" || other === "f64";
  return isWide ? "i64" : "i32";
}

/** How the single values of one case travel in places that other cases share. */
interface Conversion {
  narrow(reader: FlatReader): FlatReader;
  widen(flat: FlatValue[], start: number): void;
}

interface PayloadPlan {
  readonly plan: ValuePlan | undefined;
  readonly conversion: Conversion | undefined;
}

function liftPayload(context: AbiContext, reader: FlatReader, { plan, conversion }: PayloadPlan): ComponentValue {
  if (plan === undefined) return undefined;
  return plan.lift(context, conversion === undefined ? reader : conversion.narrow(reader));
}

function planConversion(own: readonly FlatType[], shared: readonly FlatType[]): Conversion | undefined {
  if (own.every((type, index) => type === shared[index])) return undefined;
  return {
    narrow(reader) {
      const values = own.map((type, index) => {
        const value = nextFlat(reader);
        return type === shared[index] ? value : narrowed(value, type);
      });
      return { values, position: 0 };
    },
    widen(flat, start) {
      own.forEach((type, index) => {
        const place = shared[index];
        if (type !== place) flat[start + index] = widened(flat[start + index] ?? 0, type, place === "i64");
      });
    },
  };
}

const scratch = new DataView(new ArrayBuffer(8));

/** The value of type `type` whose bits an integer carries. */
function narrowed(carried: FlatValue, type: FlatType): FlatValue {
  if (type === "i32" || type === "f32") {
    const bits = typeof carried === "bigint" ? Number(BigInt.asIntN(32, carried)) : carried;
    if (type === "i32") return bits;
    scratch.setInt32(0, bits);
    return scratch.getFloat32(0);
  }
  scratch.setBigInt64(0, BigInt(carried));
  return type === "f64" ? scratch.getFloat64(0) : BigInt(carried);
}

/** An integer that carries the bits of a value of type `type`. */
function widened(value: FlatValue, type: FlatType, isLong: boolean): FlatValue {
  if (type === "f64") {
    scratch.setFloat64(0, Number(value));
    return scratch.getBigInt64(0);
  }
  let bits = Number(value);
  if (type === "f32") {
    scratch.setFloat32(0, bits);
    bits = scratch.getInt32(0);
  }
  return isLong ? BigInt(bits >>> 0) : bits;
}

/** A value with a tag, by the names of the cases. */
export function taggedShape(names: readonly string[], cases: readonly (ValuePlan | undefined)[]): VariantShape {
  const indices = new Map(names.map((name, index) => [name, index]));
  return {
    cases,
    make(index, value) {
      const tag = names[index] ?? "";
      return cases[index] === undefined ? { tag } : { tag, value };
    },
    indexOf(value) {
      const index = indices.get(tagOf(value));
      if (index === undefined) throw mismatch(`"${names.slice(0, 5).join('" or "')}"`, value);
      return index;
    },
    payloadOf: (value) => readProperty(value, "value"),
  };
}

function tagOf(value: ComponentValue): string {
  const tag = readProperty(value, "tag");
  if (typeof tag === "string") return tag;
  throw mismatch("variant", value);
}

/** What a host's object has under a name; whoever asks checks what it is. */
function readProperty(value: ComponentValue, name: string): ComponentValue {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, ComponentValue>>)[name];
}

/** A name, where no case has more than that. */
export function namedShape(names: readonly string[]): VariantShape {
  const indices = new Map(names.map((name, index) => [name, index]));
  return {
    cases: names.map(() => undefined),
    make: (index) => names[index],
    indexOf(value) {
      const index = typeof value === "string" ? indices.get(value) : undefined;
      if (index === undefined) throw mismatch(`"${names.slice(0, 5).join('" or "')}"`, value);
      return index;
    },
    payloadOf: () => undefined,
  };
}

/** Nothing or something; what may be nothing itself is wrapped, so that the two stay apart. */
export function optionShape(plan: ValuePlan, isNested: boolean): VariantShape {
  return {
    cases: [undefined, plan],
    make(index, value) {
      if (index === 0) return undefined;
      return isNested ? { some: value } : value;
    },
    indexOf: (value) => (value === undefined ? 0 : 1),
    payloadOf(value) {
      if (!isNested) return value;
      if (typeof value === "object" && value !== null && "some" in value) return readProperty(value, "some");
      throw mismatch("option", value);
    },
  };
}
