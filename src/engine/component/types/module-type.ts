import { type ModuleLayout, sectionIds, walkConstantExpression } from "../../loader/index.ts";
import { ComponentReader } from "../parser/component-reader.ts";
import type { CoreExternSource } from "../parser/definitions.ts";
import { readCoreExternType, readCoreType, readCoreValueType } from "../parser/parse-core-types.ts";
import type { CoreExternType, CoreFunctionType, ModuleType } from "./core-types.ts";

/** Everything that a core module can export, by sort and index. */
interface Spaces {
  readonly types: CoreFunctionType[];
  readonly func: CoreExternType[];
  readonly table: CoreExternType[];
  readonly memory: CoreExternType[];
  readonly global: CoreExternType[];
  readonly tag: CoreExternType[];
}

const noFunction: CoreFunctionType = { kind: "func", parameters: [], results: [] };

/**
 * The types of a core module's imports and exports. The layout has been read within its limits; V8 judges it later. Imports may
 * have one name, as Go's compiler makes them.
 */
export function readModuleType(layout: ModuleLayout): ModuleType {
  const spaces: Spaces = { types: [], func: [], table: [], memory: [], global: [], tag: [] };
  const imports: ModuleType["imports"][number][] = [];
  each(layout, sectionIds.type, (reader) => {
    const type = readCoreType(reader);
    spaces.types.push(type.kind === "func" ? type : noFunction);
  });
  each(layout, sectionIds.import, (reader) => {
    const module = reader.name("the module name of an import");
    const name = reader.name("the name of an import");
    const type = resolveCoreExtern(readCoreExternType(reader), spaces.types);
    imports.push({ module, name, type });
    spaces[type.kind].push(type);
  });
  readDefined(layout, spaces);
  const exports = new Map<string, CoreExternType>();
  for (const entry of layout.exports) {
    const kind = entry.kind === "function" ? "func" : entry.kind;
    const type = spaces[kind][entry.index];
    if (type !== undefined) exports.set(entry.name, type);
  }
  return { kind: "module", imports, exports };
}

/** An import whose name an earlier one has: no module in a component may have such. */
export function duplicateImport({ imports }: ModuleType): string | undefined {
  const names = new Set<string>();
  for (const { module, name } of imports) {
    const key = `${module.length}:${module}${name}`;
    if (names.has(key)) return `${module}:${name}`;
    names.add(key);
  }
  return undefined;
}

function readDefined(layout: ModuleLayout, spaces: Spaces): void {
  each(layout, sectionIds.function, (reader) => {
    spaces.func.push(spaces.types[reader.u32("the type of a function")] ?? noFunction);
  });
  for (const table of layout.tables) {
    const reader = readerOf(layout, table.head);
    if (reader.peek() === TABLE_WITH_INITIALISER) reader.skip(2, "a table");
    spaces.table.push({ kind: "table", element: readCoreValueType(reader), ...table.limits });
  }
  for (const memory of layout.memories) spaces.memory.push({ kind: "memory", ...memory.limits });
  each(layout, sectionIds.tag, (reader) => {
    reader.skip(1, "the attribute of a tag");
    spaces.tag.push({ kind: "tag", type: spaces.types[reader.u32("the type of a tag")] ?? noFunction });
  });
  const globals = layout.sections.get(sectionIds.global);
  if (globals === undefined || !layout.exports.some((entry) => entry.kind === "global")) return;
  readGlobals(readerOf(layout, globals), spaces);
}

const TABLE_WITH_INITIALISER = 0x40;

function readGlobals(reader: ComponentReader, spaces: Spaces): void {
  for (let left = reader.u32("the number of globals"); left > 0; left -= 1) {
    const type = readCoreValueType(reader);
    spaces.global.push({ kind: "global", type, mutable: reader.flag("the mutability of a global") });
    walkConstantExpression(reader);
  }
}

/** Calls `read` for each entry of a section; entries stand one behind the other. */
function each(layout: ModuleLayout, id: number, read: (reader: ComponentReader) => void): void {
  const range = layout.sections.get(id);
  if (range === undefined) return;
  const reader = readerOf(layout, range);
  for (let left = reader.u32("the number of entries"); left > 0; left -= 1) read(reader);
}

function readerOf(layout: ModuleLayout, range: { start: number; end: number }): ComponentReader {
  return new ComponentReader(layout.bytes, range, { definitions: 0, modules: 0 });
}

/** Looks up the types that a core import or export names. */
export function resolveCoreExtern(source: CoreExternSource, types: readonly CoreFunctionType[]): CoreExternType {
  if (source.kind === "func") return types[source.type] ?? noFunction;
  if (source.kind === "tag") return { kind: "tag", type: types[source.type] ?? noFunction };
  return source;
}
