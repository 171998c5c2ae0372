import { encodeName, encodeU32 } from "../../loader/section-writer.ts";

/** Bytes as the binary format has them, put together piece by piece. */
export type Bytes = readonly number[];

/** A component of these sections, whether or not they make sense. */
export function component(...sections: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, ...sections.flat()]);
}

export function section(id: number, content: Bytes): Bytes {
  return [id, ...encodeU32(content.length), ...content];
}

export function list(entries: readonly Bytes[]): Bytes {
  return [...encodeU32(entries.length), ...entries.flat()];
}

export function index(value: number): Bytes {
  return [...encodeU32(value)];
}

function name(text: string): Bytes {
  return [...encodeName(text)];
}

/** An index where a type stands: a signed number, so that the last byte has its sign clear. */
export function typeIndex(value: number): Bytes {
  const bytes = [...encodeU32(value)];
  const last = bytes.at(-1) ?? 0;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0x00];
}

/** (core module …) */
export function coreModule(bytes: Uint8Array): Bytes {
  return section(1, Array.from(bytes));
}

/** (core instance (instantiate module (with name (instance …))…)) */
export function coreInstantiate(
  module: number,
  ...given: readonly (readonly [name: string, instance: number])[]
): Bytes {
  const entries = given.map(([argument, instance]) => [...name(argument), 0x12, ...index(instance)]);
  return section(2, list([[0x00, ...index(module), ...list(entries)]]));
}

const coreSorts = { func: 0x00, table: 0x01, memory: 0x02, global: 0x03 } as const;
export type CoreSortName = keyof typeof coreSorts;

/** (core instance (export name (sort …))…) */
export function coreExports(
  ...exports: readonly (readonly [name: string, sort: CoreSortName, index: number])[]
): Bytes {
  const entries = exports.map(([exported, sort, at]) => [...name(exported), coreSorts[sort], ...index(at)]);
  return section(2, list([[0x01, ...list(entries)]]));
}

/** (component …) */
export function nested(bytes: Uint8Array): Bytes {
  return section(4, Array.from(bytes));
}

/** (alias core export instance name (core sort)) */
export function coreAlias(sort: CoreSortName, instance: number, exported: string): Bytes {
  return section(6, list([[0x00, coreSorts[sort], 0x01, ...index(instance), ...name(exported)]]));
}

const sorts = { func: [0x01], type: [0x03], component: [0x04], instance: [0x05] } as const;
export type SortName = keyof typeof sorts;

/** (alias export instance name (sort)) */
export function alias(sort: SortName, instance: number, exported: string): Bytes {
  return section(6, list([[...sorts[sort], 0x00, ...index(instance), ...name(exported)]]));
}

/** (instance (instantiate component (with name (sort …))…)) */
export function instantiate(
  at: number,
  ...given: readonly (readonly [name: string, sort: SortName, index: number])[]
): Bytes {
  const entries = given.map(([argument, sort, item]) => [...name(argument), ...sorts[sort], ...index(item)]);
  return section(5, list([[0x00, ...index(at), ...list(entries)]]));
}

/** (instance (export name (sort …))…) */
export function exportInstance(...exports: readonly (readonly [name: string, sort: SortName, index: number])[]): Bytes {
  const entries = exports.map(([exported, sort, at]) => [0x00, ...name(exported), ...sorts[sort], ...index(at)]);
  return section(5, list([[0x01, ...list(entries)]]));
}

export function types(...entries: readonly Bytes[]): Bytes {
  return section(7, list(entries));
}

/** Codes of primitive types; indices of types stand for themselves. */
export const primitive = {
  bool: [0x7f],
  s8: [0x7e],
  u8: [0x7d],
  s16: [0x7c],
  u16: [0x7b],
  s32: [0x7a],
  u32: [0x79],
  s64: [0x78],
  u64: [0x77],
  f32: [0x76],
  f64: [0x75],
  char: [0x74],
  string: [0x73],
} as const satisfies Readonly<Record<string, Bytes>>;

type Named = readonly (readonly [name: string, type: Bytes])[];

function labelled(members: Named): Bytes {
  return list(members.map(([label, type]) => [...name(label), ...type]));
}

/** (func (param …)… (result …)?) */
export function functionType(parameters: Named, result?: Bytes): Bytes {
  return [0x40, ...labelled(parameters), ...(result === undefined ? [0x01, 0x00] : [0x00, ...result])];
}

/** (func async (param …)… (result …)?) */
export function asyncFunctionType(parameters: Named, result?: Bytes): Bytes {
  return [0x43, ...functionType(parameters, result).slice(1)];
}

/** (stream T?) and (future T?) */
export function channelType(kind: "stream" | "future", element?: Bytes): Bytes {
  return [kind === "stream" ? 0x66 : 0x65, ...(element === undefined ? [0x00] : [0x01, ...element])];
}

/** (enum …) */
export function enumType(...names: readonly string[]): Bytes {
  return [0x6d, ...list(names.map(name))];
}

/** (result T? (error E)?) */
export function resultType(ok?: Bytes, err?: Bytes): Bytes {
  const [first, second] = [ok, err].map((type): Bytes => (type === undefined ? [0x00] : [0x01, ...type]));
  return [0x6a, ...(first ?? []), ...(second ?? [])];
}

export function listType(element: Bytes): Bytes {
  return [0x70, ...element];
}

export function tupleType(...members: readonly Bytes[]): Bytes {
  return [0x6f, ...list(members)];
}

export function own(resource: number): Bytes {
  return [0x69, ...index(resource)];
}

export function borrow(resource: number): Bytes {
  return [0x68, ...index(resource)];
}

/** (resource (rep i32) (dtor …)?) */
export function resourceType(destructor?: number): Bytes {
  return [0x3f, 0x7f, ...(destructor === undefined ? [0x00] : [0x01, ...index(destructor)])];
}

/** (instance …) of exports and of the types that they name. */
export function instanceType(...declarations: readonly Bytes[]): Bytes {
  return [0x42, ...list(declarations)];
}

/** A type in an instance type. */
export function declareType(type: Bytes): Bytes {
  return [0x01, ...type];
}

/** An export in an instance type. */
export function declareExport(exported: string, type: Bytes): Bytes {
  return [0x04, 0x00, ...name(exported), ...type];
}

/** Types of imports and exports. */
export const extern = {
  func: (type: number): Bytes => [0x01, ...index(type)],
  instance: (type: number): Bytes => [0x05, ...index(type)],
  resource: [0x03, 0x01],
  /** A type that is the same as one that was defined. */
  same: (type: number): Bytes => [0x03, 0x00, ...index(type)],
} as const;

export function importItem(imported: string, type: Bytes): Bytes {
  return section(10, list([[0x00, ...name(imported), ...type]]));
}

export function exportItem(exported: string, sort: SortName, at: number): Bytes {
  return section(11, list([[0x00, ...name(exported), ...sorts[sort], ...index(at), 0x00]]));
}

/** Options of canonical functions. */
export const option = {
  utf16: [0x01],
  latin1OrUtf16: [0x02],
  memory: (at: number): Bytes => [0x03, ...index(at)],
  realloc: (at: number): Bytes => [0x04, ...index(at)],
  async: [0x06],
  callback: (at: number): Bytes => [0x07, ...index(at)],
} as const;

export function lift(callee: number, type: number, ...options: readonly Bytes[]): Bytes {
  return section(8, list([[0x00, 0x00, ...index(callee), ...list(options), ...index(type)]]));
}

export function lower(callee: number, ...options: readonly Bytes[]): Bytes {
  return section(8, list([[0x01, 0x00, ...index(callee), ...list(options)]]));
}

/** A built-in function by its code, with what it names. */
export function builtin(code: number, ...named: readonly Bytes[]): Bytes {
  return section(8, list([[code, ...named.flat()]]));
}

/** Codes of built-in functions. */
export const builtins = {
  taskReturn: 0x09,
  subtaskCancel: 0x06,
  subtaskDrop: 0x0d,
  streamNew: 0x0e,
  streamRead: 0x0f,
  streamWrite: 0x10,
  streamDropReadable: 0x13,
  streamDropWritable: 0x14,
  futureNew: 0x15,
  futureRead: 0x16,
  waitableSetNew: 0x1f,
  waitableSetDrop: 0x22,
  waitableJoin: 0x23,
} as const;

/** (canon resource.new/drop/rep …) */
export function resourceFunction(which: "new" | "drop" | "rep", type: number): Bytes {
  return section(8, list([[{ new: 0x02, drop: 0x03, rep: 0x04 }[which], ...index(type)]]));
}
