import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { findCycle, importsOf, type ModuleImport } from "./module-graph.ts";
import { importTable, partOf } from "./parts.ts";
import { listSources, root } from "./source-tree.ts";

const sources = listSources();
const imports = sources.flatMap(importsOf);

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/testing/");
}

function describe({ from, specifier }: ModuleImport): string {
  return `${from} imports ${specifier}`;
}

test("every part of src is in the import table", () => {
  assert.deepEqual(
    readdirSync(join(root, "src")).filter((part) => !(part in importTable)),
    [],
  );
});

test("parts import only the parts below them", () => {
  const wrong = imports.filter(({ from, target }) => {
    const [importer, imported] = [partOf(from), target === undefined ? undefined : partOf(target)];
    if (importer === undefined || imported === undefined || importer === imported) return false;
    if (imported === "testing") return !isTest(from);
    return importTable[importer]?.includes(imported) !== true;
  });
  assert.deepEqual(wrong.map(describe), []);
});

test("another part is imported by its façade only", () => {
  const wrong = imports.filter(({ from, specifier, target }) => {
    if (target === undefined || !target.startsWith("src/") || partOf(from) === partOf(target)) return false;
    return !specifier.startsWith("#") && partOf(target) !== "testing" && partOf(from) !== undefined;
  });
  assert.deepEqual(wrong.map(describe), []);
});

test("a part does not import itself by its façade", () => {
  const wrong = imports.filter(({ from, specifier }) => specifier === `#${partOf(from)}` && !isTest(from));
  assert.deepEqual(wrong.map(describe), []);
});

test("every façade that is imported exists", () => {
  const wrong = imports.filter(({ specifier, target }) => specifier.startsWith("#") && target === undefined);
  assert.deepEqual(wrong.map(describe), []);
});

test("no files import each other in a circle", () => {
  assert.equal(findCycle(sources)?.join(" → "), undefined);
});

test("product code imports no test code", () => {
  const wrong = imports.filter(({ from, target }) => target !== undefined && isTest(target) && !isTest(from));
  assert.deepEqual(wrong.map(describe), []);
});

test("modules of Node are imported by their full names", () => {
  const builtins = new Set(["fs", "path", "os", "net", "http", "util", "events", "stream", "child_process", "crypto"]);
  assert.deepEqual(imports.filter(({ specifier }) => builtins.has(specifier)).map(describe), []);
});
