/**
 * Schemas of objects with named fields. Each field that Kubernetes has is in one of three places: `fields` (read, with
 * or without a default), `unsupported` (warned of, with what follows), `serverOwned` (left out silently, as the API
 * server does); any other name is unknown.
 */
import { nearestWord } from "#base";
import type { Cursor } from "./cursor.ts";
import { refuseType, type Schema } from "./schema.ts";
import { isEmptyTree, type Tree, valueOfTree } from "./tree.ts";

/** A field that may be absent from the object. */
export interface Field<T> {
  readonly schema: Schema<T>;
  readonly presence: "required" | "optional" | "defaulted";
  readonly defaultValue?: T;
  /** What a required field is for, added to the message when it is missing. */
  readonly hint?: string;
}

/** A field that is always there once the object was read. */
export interface FilledField<T> extends Field<T> {
  readonly presence: "required" | "defaulted";
}

export function required<T>(schema: Schema<T>, hint = ""): FilledField<T> {
  return { schema, presence: "required", hint };
}

export function optional<T>(schema: Schema<T>): Field<T> {
  return { schema, presence: "optional" };
}

export function withDefault<T>(schema: Schema<T>, defaultValue: NoInfer<T>): FilledField<T> {
  return { schema, presence: "defaulted", defaultValue };
}

/** One schema for each field of `T`; a field that every `T` has needs one that fills it. */
export type Fields<T> = {
  readonly [Key in keyof T]-?: Partial<Pick<T, Key>> extends Pick<T, Key>
    ? Field<NonNullable<T[Key]>>
    : FilledField<T[Key]>;
};

/** A field that Kubernetes has and this project does not act on. */
export interface UnsupportedField {
  /** Values that ask for what happens anyway; empty ones always do. */
  readonly harmless: readonly (string | number | boolean)[];
  /** What follows for the user, a sentence without its full stop; undefined says just that it is ignored. */
  readonly consequence?: string;
  /** One warning stands for all of its kind in one reading. */
  readonly once?: boolean;
}

/** Ignored unless it has one of the harmless values, which need no warning. */
export function ignored(...harmless: readonly (string | number | boolean)[]): UnsupportedField {
  return { harmless };
}

/** Ignored, with a consequence that the user should know. */
export function ignoredSo(consequence: string): UnsupportedField {
  return { harmless: [], consequence };
}

export interface ObjectSchema<T> {
  readonly fields: Fields<T>;
  readonly unsupported?: Readonly<Record<string, UnsupportedField>>;
  readonly serverOwned?: readonly string[];
  /** A rule about several fields; runs where all of them could be read. */
  readonly rule?: (value: T, cursor: Cursor) => void;
}

export function objectOf<T extends object>(schema: ObjectSchema<T>): Schema<T> {
  const fields = new Map<string, Field<unknown>>(Object.entries(schema.fields));
  const words = [...fields.keys(), ...Object.keys(schema.unsupported ?? {}), ...(schema.serverOwned ?? [])];
  return (cursor) => {
    if (cursor.tree.kind !== "map") return refuseType(cursor, "object");
    reportOtherFields(cursor, { fields, words, unsupported: schema.unsupported ?? {} });
    const value = readFields(cursor, fields);
    if (value === undefined) return undefined;
    // `Fields<T>` demands a schema for each field of T, so what they have read together is a T.
    const typed = value as T;
    schema.rule?.(typed, cursor);
    return typed;
  };
}

function readFields(cursor: Cursor, fields: ReadonlyMap<string, Field<unknown>>): object | undefined {
  const value: Record<string, unknown> = {};
  let isWhole = true;
  for (const [name, field] of fields) {
    const read = readField(cursor, name, field);
    if (read.isWhole && read.value !== undefined) value[name] = read.value;
    isWhole &&= read.isWhole;
  }
  return isWhole ? value : undefined;
}

interface FieldReading {
  readonly isWhole: boolean;
  readonly value?: unknown;
}

function readField(cursor: Cursor, name: string, field: Field<unknown>): FieldReading {
  const child = cursor.field(name);
  if (child !== undefined) {
    const value = field.schema(child);
    return { isWhole: value !== undefined, value };
  }
  if (field.presence !== "required") return { isWhole: true, value: field.defaultValue };
  cursor.refuseMissing(name, field.hint);
  return { isWhole: false };
}

interface KnownFields {
  readonly fields: ReadonlyMap<string, Field<unknown>>;
  readonly words: readonly string[];
  readonly unsupported: Readonly<Record<string, UnsupportedField>>;
}

function reportOtherFields(cursor: Cursor, known: KnownFields): void {
  if (cursor.tree.kind !== "map") return;
  for (const name of cursor.tree.entries.keys()) {
    if (known.fields.has(name)) continue;
    if (Object.hasOwn(known.unsupported, name)) reportUnsupported(cursor, name, known.unsupported[name]);
    else if (!known.words.includes(name)) reportUnknown(cursor, name, known.words);
  }
}

function reportUnsupported(cursor: Cursor, name: string, field: UnsupportedField | undefined): void {
  const child = cursor.field(name);
  if (child === undefined || field === undefined || isHarmless(child.tree, field)) return;
  const consequence = field.consequence ?? "it is ignored";
  if (field.once === true) child.warnOnce(consequence);
  else child.warn(`field is not supported here: ${consequence}`);
}

function isHarmless(tree: Tree, field: UnsupportedField): boolean {
  if (isEmptyTree(tree)) return true;
  return tree.kind === "scalar" && field.harmless.some((harmless) => harmless === valueOfTree(tree));
}

function reportUnknown(cursor: Cursor, name: string, words: readonly string[]): void {
  const near = nearestWord(name, words);
  const path = cursor.path === "" ? name : `${cursor.path}.${name}`;
  const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  cursor.reportUnknownField(name, `unknown field ${JSON.stringify(path)}${hint}`);
}
