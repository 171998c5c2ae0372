import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { codeWordsOf, type Document, readDocuments } from "../tools/tidy/markdown.ts";
import { listFiles } from "../tools/tidy/source-tree.ts";
import { field, listField, nameOf, parseFile, type SyntaxNode, walk } from "../tools/tidy/syntax.ts";
import { KwasmCommand, root } from "./command-fixture.ts";

const documents = readDocuments().filter(({ path }) => path === "README.md" || path.startsWith("docs/guide/"));

interface Step {
  readonly command: string;
  readonly output: string;
}

/** What a user is shown: a fence `console` has commands behind `$ `, each with its output below it. */
function stepsOf({ fences }: Document): readonly Step[] {
  const shown = fences.filter(({ info }) => info === "console").map(({ text }) => `\n${text}`);
  return shown
    .flatMap((text) => text.split("\n$ ").slice(1))
    .map((step) => {
      const [command = "", ...lines] = step.split("\n");
      return { command, output: lines.join("\n").trimEnd() };
    });
}

/** What differs from one run to the next; its width moves columns, and pods are listed by their random names. */
function shapeOf(output: string): string {
  return output
    .trimEnd()
    .replaceAll(/127(?:\.\d+){3}:\d+(?: \(port \d+, [^)]+\))?/g, "ADDRESS")
    .replaceAll(/(?<=hello-wasm-)\w{10}-\w{5}/g, "ID")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "DIGEST")
    .replaceAll(/\b\d+(?:s| seconds? ago)(?=\s|$)/g, "AGE")
    .replaceAll(/\b[\d.]+kB/g, "SIZE")
    .replaceAll(/ +/g, " ");
}

for (const document of documents.filter((candidate) => stepsOf(candidate).length > 0)) {
  test(`the commands of ${document.path} do what it shows`, async () => {
    await using kwasm = new KwasmCommand();
    const env = { ...process.env, KWASM_STATE: kwasm.stateDirectory };
    for (const { command, output } of stepsOf(document)) {
      const { stdout } = spawnSync("sh", ["-c", `exec 2>&1; ${command}`], { cwd: root, env, encoding: "utf8" });
      // Which of the streams came first, only a terminal shows.
      const sorted = (text: string): readonly string[] => shapeOf(text).split("\n").toSorted();
      assert.deepEqual(sorted(stdout), sorted(output), command);
    }
  });
}

/** The names in every table `fields` of the kinds, and in those constants that such tables take up. */
function fieldsOfKinds(): ReadonlySet<string> {
  const nodes = listFiles("src/local/kinds/*.ts").flatMap((path) => [...walk(parseFile(path).program)]);
  return new Set(nodes.flatMap(fieldTableOf).flatMap((table) => listField(table, "properties").flatMap(keyOf)));
}

function fieldTableOf(node: SyntaxNode): readonly SyntaxNode[] {
  const isTable = node.type === "Property" && nameOf(field(node, "key")) === "fields";
  const isConstant = node.type === "VariableDeclarator" && (nameOf(field(node, "id")) ?? "").endsWith("Fields");
  const value = isTable ? field(node, "value") : isConstant ? field(node, "init") : undefined;
  return value?.type === "ObjectExpression" ? [value] : [];
}

function keyOf(property: SyntaxNode): readonly string[] {
  return [nameOf(field(property, "key")) ?? []].flat();
}

test("the guide lists exactly the fields that the kinds read", () => {
  const guide = documents.find(({ path }) => path === "docs/guide/up.md");
  const [, section = ""] = /^## Fields$(.*?)^## /ms.exec(guide?.prose ?? "") ?? [];
  const listed = new Set(codeWordsOf({ path: "", prose: section, fences: [] }));
  const read = fieldsOfKinds();
  assert.ok(read.size > 0);
  assert.deepEqual(
    { missing: [...read.difference(listed)], tooMuch: [...listed.difference(read)] },
    { missing: [], tooMuch: [] },
  );
});
