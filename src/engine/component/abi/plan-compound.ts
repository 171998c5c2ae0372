import { alignTo, flagsBytes, flatParametersMax, type FlatType } from "../types/layout.ts";
import type { ComponentValue } from "../values.ts";
import { mismatch, nextInteger, type ValuePlan } from "./value-plan.ts";

/** What an object or an array takes on the heap before anything is in it. */
const OBJECT_HEAP_BYTES = 56;

interface PlacedPlan {
  readonly name: string;
  readonly plan: ValuePlan;
  readonly offset: number;
}

interface Sequence {
  readonly members: readonly PlacedPlan[];
  readonly size: number;
  readonly alignment: number;
  readonly flat: readonly FlatType[];
  readonly heapBytes: number;
}

function placeMembers(members: readonly { name: string; plan: ValuePlan }[]): Sequence {
  let size = 0;
  let alignment = 1;
  let heapBytes = OBJECT_HEAP_BYTES;
  const flat: FlatType[] = [];
  const placed = members.map(({ name, plan }) => {
    const offset = alignTo(size, plan.alignment);
    size = offset + plan.size;
    alignment = Math.max(alignment, plan.alignment);
    heapBytes += plan.heapBytes;
    if (flat.length <= flatParametersMax) flat.push(...plan.flat);
    return { name, plan, offset };
  });
  return {
    members: placed,
    size: alignTo(size, alignment),
    alignment,
    flat: flat.slice(0, flatParametersMax + 1),
    heapBytes,
  };
}

export function planRecord(fields: readonly { name: string; plan: ValuePlan }[]): ValuePlan {
  const { members, ...sequence } = placeMembers(fields);
  return {
    ...sequence,
    load(context, pointer) {
      const record: Record<string, ComponentValue> = {};
      for (const { name, plan, offset } of members) record[name] = plan.load(context, pointer + offset);
      return record;
    },
    store(context, pointer, value) {
      const record = recordOf(value);
      for (const { name, plan, offset } of members) plan.store(context, pointer + offset, record[name]);
    },
    lift(context, reader) {
      const record: Record<string, ComponentValue> = {};
      for (const { name, plan } of members) record[name] = plan.lift(context, reader);
      return record;
    },
    lower(context, value, flat) {
      const record = recordOf(value);
      for (const { name, plan } of members) plan.lower(context, record[name], flat);
    },
  };
}

function recordOf(value: ComponentValue): Readonly<Record<string, ComponentValue>> {
  // Fields are read by name and each is checked by its own plan, whatever object this is.
  if (typeof value === "object") return value as Readonly<Record<string, ComponentValue>>;
  throw mismatch("record", value);
}

export function planTuple(plans: readonly ValuePlan[]): ValuePlan {
  const { members, ...sequence } = placeMembers(plans.map((plan) => ({ name: "", plan })));
  return {
    ...sequence,
    load: (context, pointer) => members.map(({ plan, offset }) => plan.load(context, pointer + offset)),
    store(context, pointer, value) {
      const values = arrayOf(value, "tuple", members.length);
      members.forEach(({ plan, offset }, index) => plan.store(context, pointer + offset, values[index]));
    },
    lift: (context, reader) => members.map(({ plan }) => plan.lift(context, reader)),
    lower(context, value, flat) {
      const values = arrayOf(value, "tuple", members.length);
      members.forEach(({ plan }, index) => plan.lower(context, values[index], flat));
    },
  };
}

export function arrayOf(value: ComponentValue, expected: string, length?: number): readonly ComponentValue[] {
  if (!Array.isArray(value)) throw mismatch(expected, value);
  if (length !== undefined && value.length !== length) throw mismatch(`${expected} of "${length}"`, value);
  // Elements are checked one by one, each by its own plan.
  return value as readonly ComponentValue[];
}

export function planFlags(names: readonly string[]): ValuePlan {
  const size = flagsBytes(names.length);
  function read(bits: number): ComponentValue {
    return new Set(names.filter((_name, index) => ((bits >>> index) & 1) === 1));
  }
  function bitsOf(value: ComponentValue): number {
    if (!(value instanceof Set)) throw mismatch("flags", value);
    let bits = 0;
    names.forEach((name, index) => {
      if (value.has(name)) bits |= 1 << index;
    });
    return bits;
  }
  return {
    size,
    alignment: size,
    flat: ["i32"],
    heapBytes: 200,
    load({ view }, pointer) {
      if (size === 1) return read(view.getUint8(pointer));
      return read(size === 2 ? view.getUint16(pointer, true) : view.getUint32(pointer, true));
    },
    store({ view }, pointer, value) {
      if (size === 1) view.setUint8(pointer, bitsOf(value));
      else if (size === 2) view.setUint16(pointer, bitsOf(value), true);
      else view.setUint32(pointer, bitsOf(value), true);
    },
    lift: (_context, reader) => read(nextInteger(reader)),
    lower: (_context, value, flat) => void flat.push(bitsOf(value)),
  };
}
