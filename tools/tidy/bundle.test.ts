import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";

import { bundleEntries } from "../bundle-entries.ts";
import { listFiles, listSources } from "./source-tree.ts";
import { field, listField, nameOf, parseFile, textField, walk } from "./syntax.ts";

/** The calls of `entryPath`: which source a file starts, and under which name the bundle has it. */
function startedEntries(path: string): { readonly name: string; readonly source: string }[] {
  return [...walk(parseFile(path).program)].flatMap((node) => {
    if (node.type !== "CallExpression" || nameOf(field(node, "callee")) !== "entryPath") return [];
    const [, source, name] = listField(node, "arguments").map((argument) => textField(argument, "value"));
    if (source === undefined || name === undefined) return [];
    return [{ name, source: posix.join(posix.dirname(path), source) }];
  });
}

test("every process and thread that is started is bundled under the name it is started by", () => {
  const started = listSources()
    .filter((path) => path.startsWith("src/") && !path.endsWith(".test.ts"))
    .flatMap(startedEntries);
  assert.ok(started.length > 0, "calls of entryPath were found");
  for (const { name, source } of started) assert.equal(bundleEntries[name], source, `the bundle's ${name}`);
});

test("every entry of the bundle exists", () => {
  const sources = Object.values(bundleEntries);
  assert.deepEqual(
    sources.filter((source) => listFiles(source).length === 0),
    [],
  );
});
