import { KwasmError } from "#base";
import { type ByteReader, exceeded } from "./byte-reader.ts";
import { walkConstantExpression } from "./constant-expression.ts";
import { moduleLimits } from "./limits.ts";
import type { DefinedMemory, DefinedTable, FunctionBodies, ModuleExport, ModuleImport } from "./module-layout.ts";
import { readMemoryLimits, readTableLimits, skipFunctionType, skipValueType } from "./value-types.ts";

/**
 * The module name under which the engine hands an instance what is its own. No guest may import from it, else a
 * guest's import could be taken for the engine's.
 */
export const instanceModule = "kwasm:instance";

const kindsByNumber: readonly WebAssembly.ExternKind[] = ["function", "table", "memory", "global", "tag"];

export function readTypes(reader: ByteReader): number {
  const count = reader.count("types", moduleLimits.typesMax);
  for (let left = count; left > 0; left -= 1) skipFunctionType(reader);
  return count;
}

export function readImports(reader: ByteReader): ModuleImport[] {
  const imports: ModuleImport[] = [];
  const count = reader.count("imports", moduleLimits.importsMax);
  for (let left = count; left > 0; left -= 1) imports.push(readImport(reader));
  return imports;
}

function readImport(reader: ByteReader): ModuleImport {
  const module = reader.name("the module name of an import");
  const name = reader.name("the name of an import");
  const kind = readKind(reader);
  if (module === instanceModule) {
    throw new KwasmError(
      "invalid-argument",
      `reading a module: it imports "${name}" from "${module}", a name that the engine keeps for itself; rename the import`,
    );
  }
  skipImportType(reader, kind);
  return { module, name, kind };
}

function skipImportType(reader: ByteReader, kind: WebAssembly.ExternKind): void {
  switch (kind) {
    case "function":
      reader.u32("the type of an imported function");
      return;
    case "table":
      skipValueType(reader);
      readTableLimits(reader);
      return;
    case "memory":
      readMemoryLimits(reader);
      return;
    case "global":
      skipValueType(reader);
      reader.byte("the mutability of an imported global");
      return;
    case "tag":
      reader.byte("the attribute of an imported tag");
      reader.u32("the type of an imported tag");
  }
}

function readKind(reader: ByteReader): WebAssembly.ExternKind {
  const number = reader.byte("the kind of an import or export");
  const kind = kindsByNumber[number];
  if (kind === undefined) throw reader.corrupt(`the kind "${number}" of an import or export does not exist`);
  return kind;
}

export function readExports(reader: ByteReader): ModuleExport[] {
  const exports: ModuleExport[] = [];
  for (let left = reader.count("exports", moduleLimits.exportsMax); left > 0; left -= 1) {
    const name = reader.name("the name of an export");
    const kind = readKind(reader);
    exports.push({ name, kind, index: reader.u32("the index of an export") });
  }
  return exports;
}

export function readMemories(reader: ByteReader): DefinedMemory[] {
  const memories: DefinedMemory[] = [];
  for (let left = reader.count("memories", moduleLimits.memoriesMax); left > 0; left -= 1) {
    const start = reader.position;
    const limits = readMemoryLimits(reader);
    memories.push({ limits, range: { start, end: reader.position } });
  }
  return memories;
}

const TABLE_WITH_INITIALISER = 0x40;

export function readTables(reader: ByteReader): DefinedTable[] {
  const tables: DefinedTable[] = [];
  for (let left = reader.count("tables", moduleLimits.tablesMax); left > 0; left -= 1) tables.push(readTable(reader));
  return tables;
}

function readTable(reader: ByteReader): DefinedTable {
  const start = reader.position;
  const hasInitialiser = reader.bytes[start] === TABLE_WITH_INITIALISER;
  if (hasInitialiser) reader.skip(2, "a table");
  skipValueType(reader);
  const head = { start, end: reader.position };
  const limits = readTableLimits(reader);
  const tailStart = reader.position;
  if (hasInitialiser) walkConstantExpression(reader);
  return { limits, head, tail: { start: tailStart, end: reader.position } };
}

export function readBodies(reader: ByteReader): FunctionBodies {
  const count = reader.count("function bodies", moduleLimits.functionsMax);
  const bodies: FunctionBodies = {
    count,
    entryStart: new Uint32Array(count + 1),
    bodyStart: new Uint32Array(count),
    codeStart: new Uint32Array(count),
  };
  for (let index = 0; index < count; index++) {
    bodies.entryStart[index] = reader.position;
    const size = reader.u32("the size of a function body");
    if (size > moduleLimits.functionBytesMax) {
      throw exceeded(`bytes in function body ${index}`, size, moduleLimits.functionBytesMax);
    }
    const body = reader.slice(size, "a function body");
    bodies.bodyStart[index] = body.position;
    skipLocals(body, index);
    bodies.codeStart[index] = body.position;
  }
  bodies.entryStart[count] = reader.position;
  return bodies;
}

/** Locals are declared in groups of one type; a group of four billion takes six bytes, so the sum is what counts. */
function skipLocals(body: ByteReader, index: number): void {
  const limit = moduleLimits.localsMax;
  let sum = 0;
  for (let left = body.u32("the number of local groups"); left > 0; left -= 1) {
    sum += body.u32("the number of locals in a group");
    if (sum > limit) throw exceeded(`locals in function body ${index}`, sum, limit);
    skipValueType(body);
  }
}
