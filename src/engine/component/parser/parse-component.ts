import { KwasmError } from "#base";
import { componentLimits } from "../limits.ts";
import { ComponentReader, invalidComponent, tooMuch, unsupportedComponent } from "./component-reader.ts";
import type { ComponentSource, Definition, NamedIndex, Sort } from "./definitions.ts";
import { readAlias, readCoreSort, readSort } from "./parse-alias.ts";
import { readCanon } from "./parse-canon.ts";
import { readCoreType } from "./parse-core-types.ts";
import { readExternName } from "./parse-extern-name.ts";
import { readExternType, readType } from "./parse-types.ts";

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** Whether the bytes begin as a component does; a core module has another version. */
export function isComponent(bytes: Uint8Array): boolean {
  return PREAMBLE.every((byte, index) => bytes[index] === byte);
}

/** Reads a whole component within its named limits; what its indices refer to is not looked up. */
export function parseComponent(bytes: Uint8Array): ComponentSource {
  const limit = componentLimits.componentBytesMax;
  if (bytes.length > limit) throw tooMuch("bytes", bytes.length, limit);
  if (!isComponent(bytes)) {
    throw new KwasmError("invalid-argument", "reading a component: the file does not begin as a component does");
  }
  const range = { start: 0, end: bytes.length };
  return readComponent(new ComponentReader(bytes, range, { definitions: 0, modules: 0 }), 0);
}

type SectionReader = (reader: ComponentReader, add: (definition: Definition) => void, depth: number) => void;

const sectionReaders: readonly SectionReader[] = [
  (reader) => void reader.name("the name of a custom section"),
  (reader, add) => add(readModule(reader)),
  entries("core instances", (reader) => readCoreInstance(reader)),
  entries("core types", (reader) => ({ kind: "core type", type: readCoreType(reader) })),
  (reader, add, depth) => {
    const offset = reader.position;
    add({ offset, kind: "component", component: readComponent(reader, depth + 1) });
  },
  entries("instances", (reader) => readInstance(reader)),
  entries("aliases", (reader) => readAlias(reader)),
  entries("types", (reader, depth) => ({ kind: "type", type: readType(reader, depth) })),
  entries("canonical functions", (reader) => ({ kind: "canon", canon: readCanon(reader) })),
  (reader) => {
    throw unsupportedComponent(reader.position, "a start function of a component");
  },
  entries("imports", (reader) => ({ kind: "import", name: readExternName(reader), type: readExternType(reader) })),
  entries("exports", (reader) => ({
    kind: "export",
    name: readExternName(reader),
    item: { sort: readSort(reader), index: reader.u32("the index of an export") },
    type: reader.optional("the type of an export", () => readExternType(reader)),
  })),
  (reader) => {
    throw unsupportedComponent(reader.position, "values");
  },
];

/** Sections whose rest is whatever it is. */
const CUSTOM = 0;
const MODULE = 1;

function readComponent(reader: ComponentReader, depth: number): ComponentSource {
  if (depth > componentLimits.nestingMax) throw tooMuch("levels of components", depth, componentLimits.nestingMax);
  const preamble = reader.position;
  reader.skip(PREAMBLE.length, "a component's beginning");
  if (!isComponent(reader.bytes.subarray(preamble, reader.position))) {
    throw invalidComponent(preamble, "a component does not begin as one does");
  }
  const definitions: Definition[] = [];
  while (!reader.done) readSection(reader, (definition) => definitions.push(definition), depth);
  return { definitions };
}

function readSection(reader: ComponentReader, add: (definition: Definition) => void, depth: number): void {
  const offset = reader.position;
  const id = reader.byte("a section");
  const read = sectionReaders[id];
  if (read === undefined) throw invalidComponent(offset, `the section "${id}" does not exist`);
  const part = reader.part(reader.u32("the size of a section"), `section ${id}`);
  read(part, add, depth);
  if (id !== CUSTOM && id !== MODULE) part.expectDone(`section ${id}`);
}

type DefinitionWithoutOffset<T = Definition> = T extends Definition ? Omit<T, "offset"> : never;

function entries(
  what: string,
  read: (reader: ComponentReader, depth: number) => DefinitionWithoutOffset,
): SectionReader {
  return (reader, add, depth) => {
    reader.definitions(what, () => {
      const offset = reader.position;
      add({ offset, ...read(reader, depth) });
    });
  };
}

function readModule(reader: ComponentReader): Definition {
  reader.countDefinition();
  reader.counts.modules += 1;
  const limit = componentLimits.modulesMax;
  if (reader.counts.modules > limit) throw tooMuch("core modules", reader.counts.modules, limit);
  return { offset: reader.position, kind: "core module", start: reader.position, end: reader.end };
}

function readCoreInstance(reader: ComponentReader): DefinitionWithoutOffset {
  const form = reader.byte("a core instance");
  if (form === 0x00) {
    const module = reader.u32("a core module");
    return { kind: "core instantiate", module, arguments: namedIndices(reader, readInstanceSort) };
  }
  if (form === 0x01) return { kind: "core exports", exports: namedIndices(reader, readCoreSort) };
  throw reader.corrupt(`the form "${form}" of a core instance does not exist`);
}

function readInstanceSort(reader: ComponentReader): Sort {
  if (reader.byte("a core sort") !== 0x12) throw reader.corrupt("an argument of a core module is no instance");
  return "core instance";
}

function readInstance(reader: ComponentReader): DefinitionWithoutOffset {
  const form = reader.byte("an instance");
  if (form === 0x00) {
    const component = reader.u32("a component");
    return { kind: "instantiate", component, arguments: namedIndices(reader, readSort) };
  }
  if (form !== 0x01) throw reader.corrupt(`the form "${form}" of an instance does not exist`);
  const exports = reader.list("exports of one instance", componentLimits.argumentsMax, () => {
    const extern = readExternName(reader);
    return { extern, sort: readSort(reader), index: reader.u32("the index of an export") };
  });
  return { kind: "exports", exports };
}

function namedIndices(reader: ComponentReader, sortOf: (reader: ComponentReader) => Sort): NamedIndex[] {
  return reader.list("entries of one instance", componentLimits.argumentsMax, () => {
    const name = reader.name("a name");
    return { name, sort: sortOf(reader), index: reader.u32("an index") };
  });
}
