import { componentLimits } from "../limits.ts";
import { type ComponentReader, unsupportedComponent } from "./component-reader.ts";
import type { CoreExternSource, CoreTypeSource, ModuleDeclaration } from "./definitions.ts";

const MODULE_TYPE = 0x50;
const FUNCTION_TYPE = 0x60;

/** An entry of a core type section of a component. */
export function readCoreType(reader: ComponentReader): CoreTypeSource {
  const form = reader.byte("a core type");
  if (form === FUNCTION_TYPE) return readFunctionType(reader);
  if (form === MODULE_TYPE) {
    const declarations = reader.definitions("declarations of one module type", () => readModuleDeclaration(reader));
    return { kind: "module", declarations };
  }
  throw unsupportedComponent(reader.position - 1, "a core type other than a function or a module");
}

function readFunctionType(reader: ComponentReader): CoreTypeSource {
  const limit = componentLimits.parametersMax;
  const parameters = reader.list("parameters of one core function", limit, () => readCoreValueType(reader));
  const results = reader.list("results of one core function", limit, () => readCoreValueType(reader));
  return { kind: "func", parameters, results };
}

const REFERENCE = 0x64;
const NULLABLE_REFERENCE = 0x63;

const numberTypes: ReadonlyMap<number, string> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
  [0x69, "exnref"],
]);

/** A value type of core WebAssembly as a word; types that name others are told apart by their numbers. */
export function readCoreValueType(reader: ComponentReader): string {
  const start = reader.position;
  const form = reader.byte("a core value type");
  const known = numberTypes.get(form);
  if (known !== undefined) return known;
  if (form !== REFERENCE && form !== NULLABLE_REFERENCE) {
    throw unsupportedComponent(start, `a core value type of form "${form}"`);
  }
  reader.skipS33("a heap type");
  return `ref ${Buffer.from(reader.bytes.subarray(start, reader.position)).toString("hex")}`;
}

function readModuleDeclaration(reader: ComponentReader): ModuleDeclaration {
  const offset = reader.position;
  const form = reader.byte("a declaration of a module type");
  switch (form) {
    case 0x00: {
      const module = reader.name("the module name of an import");
      const name = reader.name("the name of an import");
      return { offset, kind: "import", module, name, type: readCoreExternType(reader) };
    }
    case 0x01:
      return { offset, kind: "type", type: readCoreType(reader) };
    case 0x02:
      return readOuterAlias(reader, offset);
    case 0x03: {
      const name = reader.name("the name of an export");
      return { offset, kind: "export", name, type: readCoreExternType(reader) };
    }
    default:
      throw reader.corrupt(`the declaration "${form}" of a module type does not exist`);
  }
}

function readOuterAlias(reader: ComponentReader, offset: number): ModuleDeclaration {
  if (reader.byte("the sort of an alias") !== 0x10 || reader.byte("the target of an alias") !== 0x01) {
    throw reader.corrupt("an alias in a module type is not one of an outer type");
  }
  const count = reader.u32("the scope of an alias");
  return { offset, kind: "alias outer", count, index: reader.u32("the index of an alias") };
}

/** The type of an import or export of a core module. */
export function readCoreExternType(reader: ComponentReader): CoreExternSource {
  const form = reader.byte("the kind of a core import or export");
  switch (form) {
    case 0x00:
      return { kind: "func", type: reader.u32("the type of a core function") };
    case 0x01: {
      const element = readCoreValueType(reader);
      return { kind: "table", element, ...readLimits(reader) };
    }
    case 0x02:
      return { kind: "memory", ...readLimits(reader) };
    case 0x03: {
      const type = readCoreValueType(reader);
      return { kind: "global", type, mutable: reader.flag("the mutability of a global") };
    }
    case 0x04:
      if (reader.byte("the attribute of a tag") !== 0) throw reader.corrupt("the attribute of a tag is not zero");
      return { kind: "tag", type: reader.u32("the type of a tag") };
    default:
      throw reader.corrupt(`the kind "${form}" of a core import or export does not exist`);
  }
}

function readLimits(reader: ComponentReader): { initial: number; maximum: number | undefined } {
  const flags = reader.byte("limits");
  if (flags > 1) {
    throw unsupportedComponent(reader.position - 1, "a memory or table that is shared or has 64-bit addresses");
  }
  const initial = reader.u32("an initial size");
  return { initial, maximum: flags === 1 ? reader.u32("a greatest size") : undefined };
}
