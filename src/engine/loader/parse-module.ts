import { ByteReader, exceeded } from "./byte-reader.ts";
import { moduleLimits } from "./limits.ts";
import { type CustomSection, type ModuleLayout, type Range, sectionIds, sectionOrder } from "./module-layout.ts";
import { readBodies, readExports, readImports, readMemories, readTables, readTypes } from "./parse-entries.ts";
import { requireCoreModule } from "./recognise.ts";

const PREAMBLE_BYTES = 8;

/**
 * Reads where everything stands in a core module, within the named limits. It checks what is needed to find the way
 * (lengths, counts, order, UTF-8) and leaves validity to V8; it never trusts a count further than the bytes behind it.
 */
export function parseModule(bytes: Uint8Array<ArrayBuffer>): ModuleLayout {
  requireCoreModule(bytes);
  const { sections, customSections } = readSections(new ByteReader(bytes, PREAMBLE_BYTES));
  /** Reads one section whole, or answers `absent` where the module has none. */
  function read<T>(id: number, what: string, parse: (reader: ByteReader) => T, absent: T): T {
    const range = sections.get(id);
    if (range === undefined) return absent;
    const reader = new ByteReader(bytes, range.start, range.end);
    const parsed = parse(reader);
    reader.expectDone(what);
    return parsed;
  }
  /** The count with which a section begins, for sections whose entries matter to V8 alone. */
  function countOf(id: number, what: string, limit: number): number {
    const range = sections.get(id);
    return range === undefined ? 0 : new ByteReader(bytes, range.start, range.end).count(what, limit);
  }
  countOf(sectionIds.element, "element segments", moduleLimits.elementSegmentsMax);
  countOf(sectionIds.data, "data segments", moduleLimits.dataSegmentsMax);
  countOf(sectionIds.tag, "tags", moduleLimits.tagsMax);
  const layout: ModuleLayout = {
    bytes,
    sections,
    customSections,
    typeCount: read(sectionIds.type, "the type section", readTypes, 0),
    imports: read(sectionIds.import, "the import section", readImports, []),
    definedFunctionCount: countOf(sectionIds.function, "functions", moduleLimits.functionsMax),
    tables: read(sectionIds.table, "the table section", readTables, []),
    memories: read(sectionIds.memory, "the memory section", readMemories, []),
    definedGlobalCount: countOf(sectionIds.global, "globals", moduleLimits.globalsMax),
    exports: read(sectionIds.export, "the export section", readExports, []),
    bodies: read(sectionIds.code, "the code section", readBodies, emptyBodies()),
  };
  requireFewEnough(layout, "memory", "memories", moduleLimits.memoriesMax);
  requireFewEnough(layout, "table", "tables", moduleLimits.tablesMax);
  return layout;
}

function emptyBodies(): ModuleLayout["bodies"] {
  return { count: 0, entryStart: new Uint32Array(1), bodyStart: new Uint32Array(0), codeStart: new Uint32Array(0) };
}

interface Sections {
  readonly sections: Map<number, Range>;
  readonly customSections: CustomSection[];
}

function readSections(reader: ByteReader): Sections {
  const sections = new Map<number, Range>();
  const customSections: CustomSection[] = [];
  let orderOfLast = -1;
  while (!reader.done) {
    const id = reader.byte("a section");
    const content = reader.slice(reader.u32("the size of a section"), `section ${id}`);
    if (id === sectionIds.custom) {
      customSections.push(readCustomSection(content));
      if (customSections.length > moduleLimits.customSectionsMax) {
        throw exceeded("custom sections", customSections.length, moduleLimits.customSectionsMax);
      }
      continue;
    }
    const order = sectionOrder.indexOf(id);
    if (order === -1) throw reader.corrupt(`the section "${id}" does not exist`);
    if (order <= orderOfLast) throw reader.corrupt(`the section "${id}" is doubled or out of order`);
    orderOfLast = order;
    sections.set(id, { start: content.position, end: content.end });
  }
  return { sections, customSections };
}

function readCustomSection(content: ByteReader): CustomSection {
  const size = content.end - content.position;
  if (size > moduleLimits.customSectionBytesMax) {
    throw exceeded("bytes in one custom section", size, moduleLimits.customSectionBytesMax);
  }
  const start = content.position;
  return { name: content.name("the name of a custom section"), start, end: content.end };
}

/** Imported and defined ones share an index space and a limit. */
function requireFewEnough(layout: ModuleLayout, kind: "memory" | "table", what: string, limit: number): void {
  const defined = kind === "memory" ? layout.memories.length : layout.tables.length;
  const count = defined + layout.imports.filter((entry) => entry.kind === kind).length;
  if (count > limit) throw exceeded(what, count, limit);
}
