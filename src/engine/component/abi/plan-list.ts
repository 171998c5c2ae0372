import { callLimits } from "../limits.ts";
import { flatParametersMax } from "../types/layout.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext } from "./context.ts";
import { arrayOf } from "./plan-compound.ts";
import { trap } from "./trap.ts";
import { mismatch, nextInteger, type ValuePlan } from "./value-plan.ts";

/** How the elements of a list are read and written, all at once where their type allows it. */
export interface ElementPlan {
  readonly size: number;
  readonly alignment: number;
  load(context: AbiContext, pointer: number, length: number): ComponentValue;
  store(context: AbiContext, pointer: number, value: ComponentValue): void;
  lengthOf(value: ComponentValue): number;
}

/** A list whose length is part of the value. */
export function planList(elements: ElementPlan): ValuePlan {
  function read(context: AbiContext, pointer: number, length: number): ComponentValue {
    const size = length * elements.size;
    if (size > callLimits.listBytesMax) throw trap(`a list has more than "${callLimits.listBytesMax}" bytes`);
    context.checkRange(pointer, size, elements.alignment, "list");
    return elements.load(context, pointer, length);
  }
  function write(context: AbiContext, value: ComponentValue): { pointer: number; length: number } {
    const length = elements.lengthOf(value);
    const size = length * elements.size;
    if (size > callLimits.listBytesMax) throw trap(`a list has more than "${callLimits.listBytesMax}" bytes`);
    const pointer = context.allocate(elements.alignment, size);
    elements.store(context, pointer, value);
    return { pointer, length };
  }
  return {
    size: 8,
    alignment: 4,
    flat: ["i32", "i32"],
    heapBytes: 64,
    load: (context, pointer) =>
      read(context, context.view.getUint32(pointer, true), context.view.getUint32(pointer + 4, true)),
    store(context, pointer, value) {
      const written = write(context, value);
      context.view.setUint32(pointer, written.pointer, true);
      context.view.setUint32(pointer + 4, written.length, true);
    },
    lift(context, reader) {
      const pointer = nextInteger(reader) >>> 0;
      return read(context, pointer, nextInteger(reader) >>> 0);
    },
    lower(context, value, flat) {
      const { pointer, length } = write(context, value);
      flat.push(pointer | 0, length | 0);
    },
  };
}

/** A list whose length is part of its type; it lies where it stands. */
export function planFixedList(element: ValuePlan, elements: ElementPlan, length: number): ValuePlan {
  function checked(value: ComponentValue): ComponentValue {
    if (elements.lengthOf(value) !== length) throw mismatch(`list of "${length}"`, value);
    return value;
  }
  const flatCount = Math.min(length, flatParametersMax + 1);
  return {
    size: element.size * length,
    alignment: element.alignment,
    flat: Array.from({ length: flatCount }, () => element.flat)
      .flat()
      .slice(0, flatParametersMax + 1),
    heapBytes: 64 + element.heapBytes * length,
    load: (context, pointer) => elements.load(context, pointer, length),
    store: (context, pointer, value) => elements.store(context, pointer, checked(value)),
    lift(context, reader) {
      const values: ComponentValue[] = [];
      for (let index = 0; index < length; index++) values.push(element.lift(context, reader));
      return elements === byteElements ? Uint8Array.from(values, Number) : values;
    },
    lower(context, value, flat) {
      checked(value);
      const values = value instanceof Uint8Array ? Array.from(value) : arrayOf(value, "list");
      for (const entry of values) element.lower(context, entry, flat);
    },
  };
}

/** Elements of any type, one by one. */
export function planElements(plan: ValuePlan): ElementPlan {
  const { size, alignment, heapBytes } = plan;
  return {
    size,
    alignment,
    load(context, pointer, length) {
      context.charge(length * heapBytes);
      const values: ComponentValue[] = [];
      for (let index = 0; index < length; index++) values.push(plan.load(context, pointer + index * size));
      return values;
    },
    store(context, pointer, value) {
      const values = arrayOf(value, "list");
      for (let index = 0; index < values.length; index++) plan.store(context, pointer + index * size, values[index]);
    },
    lengthOf: (value) => arrayOf(value, "list").length,
  };
}

/** Bytes, which travel as one copy. */
export const byteElements: ElementPlan = {
  size: 1,
  alignment: 1,
  load(context, pointer, length) {
    context.charge(length);
    return context.bytes.slice(pointer, pointer + length);
  },
  store: (context, pointer, value) => context.bytes.set(bytesOf(value), pointer),
  lengthOf: (value) => bytesOf(value).length,
};

function bytesOf(value: ComponentValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return Uint8Array.from(value, Number);
  throw mismatch("list of bytes", value);
}
