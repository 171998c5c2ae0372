import type { FlatType } from "../types/layout.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext, FlatValue } from "./context.ts";

/** Single values of a core function, read one after the other. */
export interface FlatReader {
  values: readonly FlatValue[];
  position: number;
}

/** How the values of one type are read and written; made once for each component, used by all its instances. */
export interface ValuePlan {
  readonly size: number;
  readonly alignment: number;
  readonly flat: readonly FlatType[];
  /** About what a value weighs on the heap, not counting what strings and lists in it charge themselves. */
  readonly heapBytes: number;
  /** Reads from memory; the range was checked. */
  load(context: AbiContext, pointer: number): ComponentValue;
  /** Writes into memory; the range was checked. */
  store(context: AbiContext, pointer: number, value: ComponentValue): void;
  /** Reads from single values. */
  lift(context: AbiContext, reader: FlatReader): ComponentValue;
  /** Writes single values. */
  lower(context: AbiContext, value: ComponentValue, flat: FlatValue[]): void;
}

export function nextInteger(reader: FlatReader): number {
  const value = reader.values[reader.position];
  reader.position += 1;
  return typeof value === "number" ? value : Number(value ?? 0);
}

export function nextFlat(reader: FlatReader): FlatValue {
  const value = reader.values[reader.position] ?? 0;
  reader.position += 1;
  return value;
}

/** A value of the host that has another type than the function says. */
export function mismatch(expected: string, value: unknown): TypeError {
  const found = value === null ? "null" : typeof value;
  return new TypeError(`a value of type ${expected} was expected, found ${found}`);
}
