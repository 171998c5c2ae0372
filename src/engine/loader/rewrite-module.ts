import { KwasmError } from "#base";
import { exceeded } from "./byte-reader.ts";
import { findMemoryGrows, type MemoryGrow } from "./find-memory-grows.ts";
import { growHelperBody, growHelperType } from "./grow-helper.ts";
import { moduleLimits } from "./limits.ts";
import type { TableSize } from "./memory-plan.ts";
import { type ModuleLayout, type Range, sectionIds, sectionOrder } from "./module-layout.ts";
import { instanceModule } from "./parse-entries.ts";
import { encodeName, encodeNonNegativeI32, encodeU32, type RewrittenBytes, SectionWriter } from "./section-writer.ts";

/** The export through which the engine reads how many pages a guest asked for and was refused. */
export const refusedGlobalExport = "kwasm:memory-refused";

/** The export of the function that the module names as its start; the engine calls it once limits are set. */
export const startExport = "kwasm:start";

/** The exported global that says how many pages memory number `index` may have. An instance begins with none to spare. */
export function memoryLimitExport(index: number): string {
  return `kwasm:memory-limit${index}`;
}

/** The export of table number `index` of those that the module defines; only tables that can grow have one. */
export function tableExport(index: number): string {
  return `kwasm:table${index}`;
}

/** The name under which memory number `index` is imported from `instanceModule`. */
export function memoryImportName(index: number): string {
  return `memory${index}`;
}

const PREAMBLE_BYTES = 8;
const FUNCTION_KIND = 0x00;
const TABLE_KIND = 0x01;
const MEMORY_KIND = 0x02;
const GLOBAL_KIND = 0x03;
const CALL = 0x10;
const HAS_MAXIMUM = 0x01;

/** Numbers that the rewriting of one module needs again and again. */
interface Plan {
  readonly layout: ModuleLayout;
  readonly grows: readonly MemoryGrow[];
  /** Memories that some `memory.grow` names; each has a helper, in this order. */
  readonly grownMemories: readonly number[];
  readonly firstHelper: number;
  readonly refusedGlobal: number;
  /** Behind it stand the limits of `grownMemories`, in their order. */
  readonly firstLimitGlobal: number;
  readonly tables: readonly TableSize[];
}

/**
 * Writes a validated module anew so that the engine holds its memory: defined memories become imported ones, tables
 * get the greatest size of `tables`, and each `memory.grow` becomes a call of an appended function that holds to a
 * limit and notes what was refused. A start function that may grow a memory is exported instead of started, because
 * the limit is not set before. Indices do not change, because everything new is appended to its index space; bodies
 * without `memory.grow` and the names are copied. The module must have passed V8: an invalid one can become valid on the way.
 */
export function rewriteModule(layout: ModuleLayout, tables: readonly TableSize[]): RewrittenBytes {
  const grows = findMemoryGrows(layout);
  const refusedGlobal = countImported(layout, "global") + layout.definedGlobalCount;
  const plan: Plan = {
    layout,
    grows,
    grownMemories: [...new Set(grows.map((grow) => grow.memoryIndex))],
    firstHelper: countImported(layout, "function") + layout.definedFunctionCount,
    refusedGlobal,
    firstLimitGlobal: refusedGlobal + 1,
    tables,
  };
  const module = new SectionWriter();
  module.copy(0, PREAMBLE_BYTES);
  for (const id of sectionOrder) writeSection(module, plan, id);
  writeNames(module, layout);
  return module.assemble(layout.bytes);
}

function requireFreeExport({ exports }: ModuleLayout, name: string): void {
  if (!exports.some((entry) => entry.name === name)) return;
  throw new KwasmError(
    "invalid-argument",
    `reading a module: it exports "${name}", a name that the engine keeps for itself; rename the export`,
  );
}

function countImported(layout: ModuleLayout, kind: WebAssembly.ExternKind): number {
  return layout.imports.filter((entry) => entry.kind === kind).length;
}

function writeSection(module: SectionWriter, plan: Plan, id: number): void {
  const content = contentOf(plan, id);
  if (content !== undefined && content.size > 0) module.section(id, content);
}

function contentOf(plan: Plan, id: number): SectionWriter | undefined {
  const { layout, grownMemories } = plan;
  const original = layout.sections.get(id);
  switch (id) {
    case sectionIds.type:
      return extend(layout, original, grownMemories.length > 0 ? [growHelperType] : []);
    case sectionIds.import:
      return extend(layout, original, memoryImports(layout));
    case sectionIds.function:
      return extend(
        layout,
        original,
        grownMemories.map(() => encodeU32(layout.typeCount)),
      );
    case sectionIds.table:
      return tableSection(plan);
    case sectionIds.memory:
      return undefined;
    case sectionIds.global:
      return extend(layout, original, ownGlobals(plan));
    case sectionIds.export:
      return extend(layout, original, ownExports(plan));
    case sectionIds.start:
      return grownMemories.length > 0 ? undefined : copyOf(original);
    case sectionIds.code:
      return codeSection(plan);
    default:
      return copyOf(original);
  }
}

function copyOf(range: Range | undefined): SectionWriter {
  const content = new SectionWriter();
  if (range !== undefined) content.copy(range.start, range.end);
  return content;
}

/** A section whose entries are the original ones and `added` behind them; no section where there are none. */
function extend(
  layout: ModuleLayout,
  original: Range | undefined,
  added: readonly (readonly number[])[],
): SectionWriter {
  if (added.length === 0) return copyOf(original);
  const content = new SectionWriter();
  const { count, start } = readCount(layout.bytes, original);
  content.write(encodeU32(count + added.length));
  if (original !== undefined) content.copy(start, original.end);
  for (const entry of added) content.write(entry);
  return content;
}

/** The count with which a section begins and the position behind it; the parser has checked the number. */
function readCount(bytes: Uint8Array, range: Range | undefined): { count: number; start: number } {
  if (range === undefined) return { count: 0, start: 0 };
  let count = 0;
  for (let at = range.start, unit = 1; ; at += 1, unit *= 0x80) {
    const byte = bytes[at] ?? 0;
    count += (byte & 0x7f) * unit;
    if (byte < 0x80) return { count, start: at + 1 };
  }
}

function memoryImports(layout: ModuleLayout): number[][] {
  return layout.memories.map(({ range }, index) => [
    ...encodeName(instanceModule),
    ...encodeName(memoryImportName(index)),
    MEMORY_KIND,
    ...layout.bytes.subarray(range.start, range.end),
  ]);
}

/** What was refused, none at first, and the limit of each memory that can grow: as many pages as it begins with. */
function ownGlobals({ layout, grownMemories }: Plan): number[][] {
  if (grownMemories.length === 0) return [];
  return [0, ...grownMemories.map((index) => layout.memories[index]?.limits.initial ?? 0)].map(mutableI32);
}

/** (global (mut i32) (i32.const `value`)) for a number of pages. */
function mutableI32(value: number): number[] {
  return [0x7f, 0x01, 0x41, ...encodeNonNegativeI32(value), 0x0b];
}

function ownExports({ layout, grownMemories, tables, ...plan }: Plan): number[][] {
  function entry(name: string, kind: number, index: Iterable<number>): number[] {
    requireFreeExport(layout, name);
    return [...encodeName(name), kind, ...index];
  }
  const importedTables = countImported(layout, "table");
  const growingTables = tables.flatMap(({ initialElements, maximumElements }, index) =>
    maximumElements > initialElements ? [entry(tableExport(index), TABLE_KIND, encodeU32(importedTables + index))] : [],
  );
  if (grownMemories.length === 0) return growingTables;
  const start = layout.sections.get(sectionIds.start);
  return [
    entry(refusedGlobalExport, GLOBAL_KIND, encodeU32(plan.refusedGlobal)),
    ...grownMemories.map((memoryIndex, place) =>
      entry(memoryLimitExport(memoryIndex), GLOBAL_KIND, encodeU32(plan.firstLimitGlobal + place)),
    ),
    ...(start === undefined ? [] : [entry(startExport, FUNCTION_KIND, layout.bytes.subarray(start.start, start.end))]),
    ...growingTables,
  ];
}

function tableSection({ layout, tables }: Plan): SectionWriter {
  const content = new SectionWriter();
  if (layout.tables.length === 0) return content;
  content.write(encodeU32(layout.tables.length));
  layout.tables.forEach((table, index) => {
    const maximum = tables[index]?.maximumElements ?? table.limits.initial;
    content.copy(table.head.start, table.head.end);
    content.write([HAS_MAXIMUM, ...encodeU32(table.limits.initial), ...encodeU32(maximum)]);
    content.copy(table.tail.start, table.tail.end);
  });
  return content;
}

function codeSection(plan: Plan): SectionWriter {
  const { bodies, sections } = plan.layout;
  if (plan.grows.length === 0) return copyOf(sections.get(sectionIds.code));
  const content = new SectionWriter();
  content.write(encodeU32(bodies.count + plan.grownMemories.length));
  let copiedTo = bodies.entryStart[0] ?? 0;
  for (const grows of groupByFunction(plan.grows)) {
    const functionIndex = grows[0]?.functionIndex ?? 0;
    content.copy(copiedTo, bodies.entryStart[functionIndex] ?? 0);
    content.append(rewriteBody(plan, functionIndex, grows));
    copiedTo = bodies.entryStart[functionIndex + 1] ?? 0;
  }
  content.copy(copiedTo, bodies.entryStart[bodies.count] ?? 0);
  plan.grownMemories.forEach((memoryIndex, place) => {
    const globals = { refused: plan.refusedGlobal, limit: plan.firstLimitGlobal + place };
    content.write(growHelperBody(memoryIndex, globals));
  });
  return content;
}

/** The body of one function, its size first, with a call in the place of each `memory.grow`. */
function rewriteBody(plan: Plan, functionIndex: number, grows: readonly MemoryGrow[]): SectionWriter {
  const { bodies } = plan.layout;
  const body = new SectionWriter();
  let copiedTo = bodies.bodyStart[functionIndex] ?? 0;
  for (const grow of grows) {
    body.copy(copiedTo, grow.start);
    body.write([CALL, ...encodeU32(plan.firstHelper + plan.grownMemories.indexOf(grow.memoryIndex))]);
    copiedTo = grow.end;
  }
  body.copy(copiedTo, bodies.entryStart[functionIndex + 1] ?? 0);
  const limit = moduleLimits.functionBytesMax;
  if (body.size > limit) throw exceeded(`bytes in function body ${functionIndex} after rewriting`, body.size, limit);
  const entry = new SectionWriter();
  entry.write(encodeU32(body.size));
  entry.append(body);
  return entry;
}

function groupByFunction(grows: readonly MemoryGrow[]): MemoryGrow[][] {
  const groups: MemoryGrow[][] = [];
  for (const grow of grows) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.functionIndex === grow.functionIndex) last.push(grow);
    else groups.push([grow]);
  }
  return groups;
}

/** Of the custom sections only the names are kept: V8 shows them in stacks and holds on to every byte it is given. */
function writeNames(module: SectionWriter, layout: ModuleLayout): void {
  for (const custom of layout.customSections) {
    if (custom.name === "name") module.section(sectionIds.custom, copyOf(custom));
  }
}
