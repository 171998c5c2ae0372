/**
 * Schemas: functions that read a value of a manifest into a typed object, set the API server's defaults, and say what is
 * wrong at the place where it stands. A result of undefined means that a problem was reported.
 */
import { canonicalQuantity, parseQuantity } from "#api";
import { KwasmError } from "#base";

import type { Cursor } from "./cursor.ts";
import type { FormatCheck } from "./formats.ts";
import { typeOfTree, valueOfTree } from "./tree.ts";

export type Schema<T> = (cursor: Cursor) => T | undefined;

/** Any text; `check` says what is wrong with one. */
export function text(check?: FormatCheck): Schema<string> {
  return (cursor) => {
    const value = scalarOf(cursor);
    if (typeof value !== "string") return refuseType(cursor, "string");
    const wrong = check?.(value);
    if (wrong === undefined) return value;
    cursor.refuse(invalid(value, wrong));
    return undefined;
  };
}

/** Text that must say something. */
export function someText(check?: FormatCheck): Schema<string> {
  const read = text(check);
  return (cursor) => {
    if (scalarOf(cursor) !== "") return read(cursor);
    cursor.refuse("Required value");
    return undefined;
  };
}

export function flag(): Schema<boolean> {
  return (cursor) => {
    const value = scalarOf(cursor);
    return typeof value === "boolean" ? value : refuseType(cursor, "boolean");
  };
}

/** A whole number from `min` to `max`; without a `max`, what an int32 holds. */
export function integer(min: number, max = 2 ** 31 - 1): Schema<number> {
  return (cursor) => {
    const value = scalarOf(cursor);
    if (typeof value !== "number") return refuseType(cursor, "integer");
    const wrong = wrongInteger(value, min, max);
    if (wrong === undefined) return value;
    cursor.refuse(invalid(value, wrong));
    return undefined;
  };
}

export function portNumber(): Schema<number> {
  return integer(1, 65_535);
}

/** A number in a range, or a text of a format: ports by number or name, counts or percentages. */
export function integerOr(numbers: Schema<number>, texts: Schema<string>): Schema<number | string> {
  return (cursor) => (typeof scalarOf(cursor) === "number" ? numbers(cursor) : texts(cursor));
}

/** One of a closed set of words. */
export function oneOf<const T extends string>(...words: readonly T[]): Schema<T> {
  return (cursor) => {
    const value = scalarOf(cursor);
    if (typeof value !== "string") return refuseType(cursor, "string");
    const found = words.find((word) => word === value);
    if (found === undefined) cursor.refuse(unsupportedValue(value, words));
    return found;
  };
}

/** A resource amount, in its canonical form. A number is taken for its digits, as the API server does. */
export function quantity(): Schema<string> {
  return (cursor) => {
    const value = scalarOf(cursor);
    if (typeof value !== "string" && typeof value !== "number") return refuseType(cursor, "quantity");
    return readQuantity(cursor, String(value));
  };
}

function readQuantity(cursor: Cursor, source: string): string | undefined {
  try {
    if (parseQuantity(source).nanos >= 0n) return canonicalQuantity(source);
    cursor.refuse(invalid(source, "must be greater than or equal to 0"));
  } catch (error) {
    cursor.refuse(invalid(source, KwasmError.from(error, "read the quantity").message));
  }
  return undefined;
}

interface ListOptions<T> {
  /** What no two items may share, with the field it stands in (`name`); undefined for items that may repeat. */
  readonly uniqueBy?: readonly [field: string, keyOf: (item: T) => string | undefined];
  readonly itemsMin?: number;
}

export function listOf<T>(item: Schema<T>, options: ListOptions<T> = {}): Schema<readonly T[]> {
  return (cursor) => {
    if (cursor.tree.kind !== "list") return refuseType(cursor, "array");
    const cursors = cursor.items();
    if (cursors.length < (options.itemsMin ?? 0)) {
      cursor.refuse("Required value");
      return undefined;
    }
    const items = cursors.map((itemCursor) => item(itemCursor));
    if (options.uniqueBy !== undefined) refuseRepeats(cursors, items, options.uniqueBy);
    return allOf(items);
  };
}

function refuseRepeats<T>(
  cursors: readonly Cursor[],
  items: readonly (T | undefined)[],
  [field, keyOf]: readonly [string, (item: T) => string | undefined],
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = item === undefined ? undefined : keyOf(item);
    if (key === undefined) continue;
    if (seen.has(key)) cursors[index]?.find(field).refuse(`Duplicate value: ${JSON.stringify(key)}`);
    seen.add(key);
  }
}

/** A map of texts or amounts; `keys` says what is wrong with a key. */
export function mapOf<T>(value: Schema<T>, keys?: FormatCheck): Schema<Readonly<Record<string, T>>> {
  return (cursor) => {
    if (cursor.tree.kind !== "map") return refuseType(cursor, "object");
    const read = [...cursor.tree.entries.keys()].map((key) => readEntry(cursor, key, { value, keys }));
    const entries = allOf(read)?.filter((entry): entry is readonly [string, T] => entry[1] !== null);
    return entries && Object.fromEntries(entries);
  };
}

function readEntry<T>(
  cursor: Cursor,
  key: string,
  { value, keys }: { readonly value: Schema<T>; readonly keys: FormatCheck | undefined },
): readonly [string, T | null] | undefined {
  const wrong = keys?.(key);
  if (wrong !== undefined) cursor.refuseKey(key, invalid(key, wrong));
  const field = cursor.field(key);
  if (field === undefined) return wrong === undefined ? [key, null] : undefined;
  const read = value(field);
  return read === undefined || wrong !== undefined ? undefined : [key, read];
}

/** Turns a read value into another: what the manifest says into what the object keeps. */
export function mapped<T, U>(schema: Schema<T>, convert: (value: T) => U): Schema<U> {
  return (cursor) => {
    const value = schema(cursor);
    return value === undefined ? undefined : convert(value);
  };
}

/** `Invalid value: "x": why`, as Kubernetes says it. */
export function invalid(value: unknown, why: string): string {
  return `Invalid value: ${shorten(JSON.stringify(value))}: ${why}`;
}

/** `Unsupported value: "x": supported values: …`, as Kubernetes says it. */
export function unsupportedValue(value: string, words: readonly string[]): string {
  const supported = words.map((word) => JSON.stringify(word)).join(", ");
  return `Unsupported value: ${shorten(JSON.stringify(value))}: supported values: ${supported}`;
}

/** Characters of a bad value that a message repeats. */
const SHOWN_CHARS_MAX = 80;

function shorten(shown: string): string {
  return shown.length > SHOWN_CHARS_MAX ? `${shown.slice(0, SHOWN_CHARS_MAX)}…` : shown;
}

function wrongInteger(value: number, min: number, max: number): string | undefined {
  if (!Number.isSafeInteger(value)) return "must be a whole number";
  if (value >= min && value <= max) return undefined;
  return max === 2 ** 31 - 1 && value < min
    ? `must be greater than or equal to ${min}`
    : `must be between ${min} and ${max}, inclusive`;
}

function scalarOf(cursor: Cursor): unknown {
  return cursor.tree.kind === "scalar" ? cursor.tree.value : undefined;
}

export function refuseType(cursor: Cursor, expected: string): undefined {
  const { tree } = cursor;
  const shown = tree.kind === "scalar" ? valueOfTree(tree) : typeOfTree(tree);
  const quote =
    expected === "string" && tree.kind === "scalar" ? `; write it in quotes: "${shorten(tree.source)}"` : "";
  cursor.refuse(invalid(shown, `must be of type ${expected}, not ${typeOfTree(tree)}${quote}`));
  return undefined;
}

function allOf<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  const there = items.filter((item) => item !== undefined);
  return there.length === items.length ? there : undefined;
}
