import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type ErrorCode, KwasmError } from "#base";
import { binary, customContent, repeated, type Section } from "./binary-fixture.ts";
import { moduleLimits as limits } from "./limits.ts";
import { sectionIds as ids } from "./module-layout.ts";
import { parseModule } from "./parse-module.ts";
import { encodeName, encodeU32 } from "./section-writer.ts";
import { wat } from "./wat-fixture.ts";

function checkRefused(bytes: Uint8Array<ArrayBuffer>, code: ErrorCode, words: string): void {
  assert.throws(
    () => parseModule(bytes),
    (error) => error instanceof KwasmError && error.code === code && error.message.includes(words),
    words,
  );
}

const functionImport = [1, 0x6d, 1, 0x66, 0x00, 0x00];
const emptyBody = [2, 0, 0x0b];
const table = [0x70, 0x00, 0x00];
const global = [0x7f, 0x00, 0x41, 0x00, 0x0b];

/** A module at a limit is read, one beyond it is refused. */
const counted: readonly { what: string; limit: number; make: (count: number) => Section }[] = [
  { what: "types", limit: limits.typesMax, make: (n) => [ids.type, repeated(n, [0x60, 0, 0])] },
  { what: "parameters", limit: limits.parametersMax, make: (n) => [ids.type, [1, 0x60, ...repeated(n, [0x7f]), 0]] },
  { what: "results", limit: limits.resultsMax, make: (n) => [ids.type, [1, 0x60, 0, ...repeated(n, [0x7f])]] },
  { what: "imports", limit: limits.importsMax, make: (n) => [ids.import, repeated(n, functionImport)] },
  { what: "functions", limit: limits.functionsMax, make: (n) => [ids.function, repeated(n, [0])] },
  { what: "function bodies", limit: limits.functionsMax, make: (n) => [ids.code, repeated(n, emptyBody)] },
  { what: "tables", limit: limits.tablesMax, make: (n) => [ids.table, repeated(n, table)] },
  { what: "memories", limit: limits.memoriesMax, make: (n) => [ids.memory, repeated(n, [0x00, 0x00])] },
  { what: "globals", limit: limits.globalsMax, make: (n) => [ids.global, repeated(n, global)] },
  { what: "tags", limit: limits.tagsMax, make: (n) => [ids.tag, repeated(n, [0, 0])] },
  { what: "exports", limit: limits.exportsMax, make: (n) => [ids.export, repeated(n, [1, 0x61, 0, 0])] },
  { what: "element segments", limit: limits.elementSegmentsMax, make: (n) => [ids.element, encodeU32(n)] },
  { what: "data segments", limit: limits.dataSegmentsMax, make: (n) => [ids.data, encodeU32(n)] },
  {
    what: "elements in one table",
    limit: limits.tableElementsMax,
    make: (n) => [ids.table, [1, 0x70, 0, ...encodeU32(n)]],
  },
  { what: "pages in one memory", limit: 65_536, make: (n) => [ids.memory, [1, 0, ...encodeU32(n)]] },
  { what: "locals in function body 0", limit: limits.localsMax, make: (n) => [ids.code, bodyWithLocals(n)] },
  { what: "bytes in function body 0", limit: limits.functionBytesMax, make: (n) => [ids.code, bodyOfSize(n)] },
  {
    what: "bytes in one custom section",
    limit: limits.customSectionBytesMax,
    make: (n) => [ids.custom, customContent("c", n)],
  },
  {
    what: "bytes in the name of an export",
    limit: limits.nameBytesMax,
    make: (n) => [ids.export, exportNamed("x".repeat(n))],
  },
];

for (const { what, limit, make } of counted) {
  test(`reads a module at the limit of ${what} and refuses one beyond it`, () => {
    parseModule(binary(make(limit)));
    checkRefused(binary(make(limit + 1)), "limit-exceeded", `"${limit + 1}" ${what}`);
  });
}

function bodyWithLocals(count: number): number[] {
  const body = [2, ...encodeU32(count - 1), 0x7f, 1, 0x7e, 0x0b];
  return [1, ...encodeU32(body.length), ...body];
}

function bodyOfSize(size: number): Uint8Array {
  const content = new Uint8Array(1 + encodeU32(size).length + size);
  content.set([1, ...encodeU32(size)]);
  return content;
}

function exportNamed(name: string): number[] {
  return [1, ...encodeName(name), 0, 0];
}

test("counts imported and defined memories together", () => {
  const imported: Section = [ids.import, repeated(limits.memoriesMax, [1, 0x6d, 1, 0x6d, 0x02, 0x00, 0x00])];
  parseModule(binary(imported));
  checkRefused(binary(imported, [ids.memory, [1, 0, 0]]), "limit-exceeded", "memories");
});

function customSections(count: number): Uint8Array<ArrayBuffer> {
  return binary(...Array.from({ length: count }, (): Section => [ids.custom, customContent("c", 2)]));
}

test("refuses too many custom sections", () => {
  parseModule(customSections(limits.customSectionsMax));
  checkRefused(customSections(limits.customSectionsMax + 1), "limit-exceeded", "custom sections");
});

test("refuses what cannot be capped or counted", () => {
  checkRefused(wat("(module (memory 1 2 shared))"), "unsupported", "shared memory");
  checkRefused(wat("(module (memory i64 1))"), "unsupported", "64-bit");
  checkRefused(binary([ids.type, [1, 0x5f, 0]]), "unsupported", "struct");
  checkRefused(binary([ids.type, [1, 0x5e, 0x7f, 0]]), "unsupported", "array");
  checkRefused(binary([ids.type, [1, 0x4e, 0]]), "unsupported", "recursion group");
  checkRefused(wat('(module (import "kwasm:instance" "memory0" (memory 1)))'), "invalid-argument", "keeps for itself");
});

test("refuses damaged files", () => {
  checkRefused(binary([ids.type, [0]], [ids.type, [0]]), "corrupt", "doubled or out of order");
  checkRefused(binary([ids.code, [0]], [ids.type, [0]]), "corrupt", "doubled or out of order");
  checkRefused(binary([99, [0]]), "corrupt", "does not exist");
  checkRefused(binary([ids.type, [0, 0]]), "corrupt", "bytes too many");
  checkRefused(binary([ids.type, [0xff, 0xff, 0xff, 0xff, 0x1f]]), "corrupt", "more than 32 bits");
  checkRefused(binary([ids.export, [1, 1, 0xff, 0, 0]]), "corrupt", "not UTF-8");
  checkRefused(binary([ids.export, [1, 1, 0x61, 9, 0]]), "corrupt", 'kind "9"');
  checkRefused(binary([ids.code, [1, 100, 0]]), "corrupt", "cut off");
});

const sample = wat(`(module
  (import "m" "f" (func)) (memory (export "memory") 1 9) (table 2 funcref) (global i32 (i32.const 5))
  (func $start (export "_start") (local i64) (drop (memory.grow (i32.const 1)))) (data (i32.const 0) "abc"))`);

test("reads imports, exports, memories and where the code stands", () => {
  const layout = parseModule(sample);
  assert.deepEqual(layout.imports, [{ module: "m", name: "f", kind: "function" }]);
  assert.deepEqual(layout.exports[1], { name: "_start", kind: "function", index: 1 });
  assert.deepEqual(layout.memories[0]?.limits, { initial: 1, maximum: 9 });
  assert.deepEqual(layout.tables[0]?.limits, { initial: 2, maximum: undefined });
  assert.equal(layout.bodies.count, 1);
  assert.equal(layout.definedGlobalCount, 1);
});

function parseOrRefuse(bytes: Uint8Array<ArrayBuffer>): void {
  try {
    parseModule(bytes);
  } catch (error) {
    assert.ok(error instanceof KwasmError, String(error));
  }
}

test("answers every truncation with a typed error or a layout", () => {
  for (let length = 0; length < sample.length; length++) parseOrRefuse(sample.slice(0, length));
});

test("answers any bytes behind a preamble with a typed error or a layout", () => {
  const sections = fc.array(fc.tuple(fc.nat({ max: 14 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 });
  fc.assert(fc.property(sections, (list) => parseOrRefuse(binary(...list))));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (tail) =>
      parseOrRefuse(Uint8Array.of(...sample.slice(0, 8), ...tail)),
    ),
  );
});
