import { componentLimits } from "../limits.ts";
import { type ComponentReader, invalidComponent, unsupportedComponent } from "./component-reader.ts";
import type {
  CaseSource,
  Declaration,
  ExternTypeSource,
  FunctionTypeSource,
  MemberSource,
  PrimitiveType,
  TypeSource,
  ValueTypeSource,
} from "./definitions.ts";
import { readAlias } from "./parse-alias.ts";
import { readCoreType, readCoreValueType } from "./parse-core-types.ts";
import { readExternName } from "./parse-extern-name.ts";

const primitivesByCode: ReadonlyMap<number, PrimitiveType> = new Map([
  [0x7f, "bool"],
  [0x7e, "s8"],
  [0x7d, "u8"],
  [0x7c, "s16"],
  [0x7b, "u16"],
  [0x7a, "s32"],
  [0x79, "u32"],
  [0x78, "s64"],
  [0x77, "u64"],
  [0x76, "f32"],
  [0x75, "f64"],
  [0x74, "char"],
  [0x73, "string"],
  [0x64, "error-context"],
]);

type TypeReader = (reader: ComponentReader, depth: number) => TypeSource;

const typeReaders: ReadonlyMap<number, TypeReader> = new Map<number, TypeReader>([
  [0x72, (reader) => ({ kind: "record", fields: members(reader, "fields of one record") })],
  [0x71, (reader) => ({ kind: "variant", cases: nonEmpty(reader, "cases of one variant", () => readCase(reader)) })],
  [0x70, (reader) => ({ kind: "list", element: readValueType(reader), length: undefined })],
  [0x67, readFixedList],
  [0x6f, (reader) => ({ kind: "tuple", types: nonEmpty(reader, "members of one tuple", () => readValueType(reader)) })],
  [0x6e, (reader) => ({ kind: "flags", names: labels(reader, "names of one flags type") })],
  [0x6d, (reader) => ({ kind: "enum", names: labels(reader, "names of one enum") })],
  [0x6b, (reader) => ({ kind: "option", type: readValueType(reader) })],
  [0x6a, (reader) => ({ kind: "result", ok: optionalType(reader), err: optionalType(reader) })],
  [0x69, (reader) => ({ kind: "own", resource: reader.u32("a resource") })],
  [0x68, (reader) => ({ kind: "borrow", resource: reader.u32("a resource") })],
  [0x66, (reader) => ({ kind: "stream", element: optionalType(reader) })],
  [0x65, (reader) => ({ kind: "future", element: optionalType(reader) })],
  [0x63, (reader) => ({ kind: "map", key: readValueType(reader), value: readValueType(reader) })],
  [0x40, (reader) => readFunction(reader, false)],
  [0x43, (reader) => readFunction(reader, true)],
  [0x3f, readResource],
  [0x41, (reader, depth) => ({ kind: "component type", declarations: declarations(reader, depth, true) })],
  [0x42, (reader, depth) => ({ kind: "instance type", declarations: declarations(reader, depth, false) })],
]);

/** An entry of a type section. */
export function readType(reader: ComponentReader, depth: number): TypeSource {
  if (depth > componentLimits.nestingMax) throw reader.corrupt(`types are nested more than "${depth - 1}" deep`);
  const offset = reader.position;
  const form = reader.byte("a type");
  const primitive = primitivesByCode.get(form);
  if (primitive !== undefined) return { kind: "primitive", type: primitive };
  const read = typeReaders.get(form);
  if (read === undefined) throw invalidComponent(offset, `the type form "${form}" does not exist`);
  return read(reader, depth);
}

/** A primitive type in one byte, or the index of a type; types have negative numbers of seven bits. */
function readValueType(reader: ComponentReader): ValueTypeSource {
  const first = reader.peek();
  if (first !== undefined && first >= 0x40 && first < 0x80) {
    reader.skip(1, "a value type");
    const primitive = primitivesByCode.get(first);
    if (primitive === undefined) throw reader.corrupt(`the value type "${first}" does not exist`);
    return primitive;
  }
  return readIndex33(reader);
}

/** An index in the form of a signed number of 33 bits. */
function readIndex33(reader: ComponentReader): number {
  let value = 0;
  for (let unit = 1, length = 1; length <= 5; length++, unit *= 0x80) {
    const byte = reader.byte("a type index");
    value += (byte & 0x7f) * unit;
    if (byte >= 0x80) continue;
    if ((byte & 0x40) !== 0 || value >= 2 ** 32) throw reader.corrupt("a type index is out of range");
    return value;
  }
  throw reader.corrupt("a type index is too long");
}

function optionalType(reader: ComponentReader): ValueTypeSource | undefined {
  return reader.optional("a type that may be left out", () => readValueType(reader));
}

/** The result of a function: one, or none. */
export function readResult(reader: ComponentReader): ValueTypeSource | undefined {
  const form = reader.byte("a result");
  if (form === 0) return readValueType(reader);
  if (form !== 1 || reader.byte("a result") !== 0) throw reader.corrupt("a function has named results");
  return undefined;
}

function readFunction(reader: ComponentReader, async: boolean): FunctionTypeSource {
  const parameters = reader.list("parameters of one function", componentLimits.parametersMax, () => readMember(reader));
  return { kind: "function", async, parameters, result: readResult(reader) };
}

function readFixedList(reader: ComponentReader): TypeSource {
  const element = readValueType(reader);
  const length = reader.u32("the length of a list");
  if (length === 0) throw reader.corrupt("a list of fixed length has no element");
  return { kind: "list", element, length };
}

function readResource(reader: ComponentReader): TypeSource {
  const representation = readCoreValueType(reader);
  return {
    kind: "resource",
    representation,
    destructor: reader.optional("a destructor", () => reader.u32("a destructor")),
  };
}

function readMember(reader: ComponentReader): MemberSource {
  const name = reader.name("a name");
  return { name, type: readValueType(reader) };
}

function readCase(reader: ComponentReader): CaseSource {
  const name = reader.name("the name of a case");
  const type = optionalType(reader);
  if (reader.byte("the end of a case") !== 0) throw reader.corrupt("a case refines another one");
  return { name, type };
}

function members(reader: ComponentReader, what: string): MemberSource[] {
  return nonEmpty(reader, what, () => readMember(reader));
}

function labels(reader: ComponentReader, what: string): string[] {
  return nonEmpty(reader, what, () => reader.name("a name"));
}

function nonEmpty<T>(reader: ComponentReader, what: string, read: () => T): T[] {
  const entries = reader.list(what, componentLimits.membersMax, read);
  if (entries.length === 0) throw reader.corrupt(`there are no ${what}`);
  return entries;
}

function declarations(reader: ComponentReader, depth: number, imports: boolean): Declaration[] {
  return reader.definitions("declarations of one type", () => readDeclaration(reader, depth, imports));
}

function readDeclaration(reader: ComponentReader, depth: number, imports: boolean): Declaration {
  const offset = reader.position;
  const form = reader.byte("a declaration");
  switch (form) {
    case 0x00:
      return { offset, kind: "core type", type: readCoreType(reader) };
    case 0x01:
      return { offset, kind: "type", type: readType(reader, depth + 1) };
    case 0x02:
      return { offset, ...readAlias(reader) };
    case 0x03:
      if (!imports) throw reader.corrupt("an instance type has an import");
      return { offset, kind: "import", name: readExternName(reader), type: readExternType(reader) };
    case 0x04:
      return { offset, kind: "export", name: readExternName(reader), type: readExternType(reader) };
    default:
      throw reader.corrupt(`the declaration "${form}" does not exist`);
  }
}

/** The type of an import or an export. */
export function readExternType(reader: ComponentReader): ExternTypeSource {
  const offset = reader.position;
  const form = reader.byte("the type of an import or export");
  switch (form) {
    case 0x00:
      if (reader.byte("a core sort") !== 0x11) throw reader.corrupt("a core item that is no module has a type");
      return { kind: "core module", type: reader.u32("the type of a core module") };
    case 0x01:
      return { kind: "func", type: reader.u32("the type of a function") };
    case 0x02:
      throw unsupportedComponent(offset, "values as imports or exports");
    case 0x03:
      return readTypeBound(reader);
    case 0x04:
      return { kind: "component", type: reader.u32("the type of a component") };
    case 0x05:
      return { kind: "instance", type: reader.u32("the type of an instance") };
    default:
      throw reader.corrupt(`the kind "${form}" of an import or export does not exist`);
  }
}

function readTypeBound(reader: ComponentReader): ExternTypeSource {
  const bound = reader.byte("the bound of a type");
  if (bound === 0) return { kind: "type", type: reader.u32("the bound of a type") };
  if (bound === 1) return { kind: "resource" };
  throw reader.corrupt(`the bound "${bound}" of a type does not exist`);
}
