import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

import { readText, root } from "./source-tree.ts";
import { field, listField, nameOf, parseFile, type SyntaxNode, textField, walk } from "./syntax.ts";

const path = "docs/containerd-features.md";

interface Row {
  readonly feature: string;
  readonly state: string;
  readonly proof: string;
}

const lines = readText(path).split("\n");

const rows: readonly Row[] = lines
  .filter((line) => /^\| (?!feature |-)/.test(line))
  .map((line) => {
    const [feature = "", state = "", proof = ""] = line.split("|").slice(1, -1);
    return { feature: feature.trim(), state: state.trim(), proof: proof.trim() };
  });

interface Proof {
  readonly file: string;
  readonly name: string;
}

/** The tests that a row names, or nothing where it says something else. */
function proofsOf({ proof }: Row): readonly Proof[] {
  const whole = /^(?:`[^`]+`: "[^"]+"(?:; |$))+$/.test(proof);
  if (!whole) return [];
  return [...proof.matchAll(/`(?<file>[^`]+)`: "(?<name>[^"]+)"/g)].map(({ groups }) => ({
    file: groups?.["file"] ?? "",
    name: groups?.["name"] ?? "",
  }));
}

/** The names of a file's tests as they are written: a template's without what is filled in. */
function testNamesOf(file: string): readonly string[] {
  return [...walk(parseFile(file).program)]
    .filter((node) => node.type === "CallExpression" && nameOf(field(node, "callee")) === "test")
    .flatMap((call) => partsOf(listField(call, "arguments")[0]));
}

function partsOf(name: SyntaxNode | undefined): readonly string[] {
  if (name?.type !== "TemplateLiteral") return [textField(name, "value") ?? ""];
  return listField(name, "quasis").map((part) => {
    const value: unknown = Reflect.get(part, "value");
    return typeof value === "object" && value !== null && "cooked" in value ? String(value.cooked) : "";
  });
}

test("every feature under containerd has a state, with a reason where it is not there whole", () => {
  assert.ok(rows.length > 0, "there are features");
  const wrong = rows.filter(({ state }) => !/^works(?:$|[:;,] .| \S)|^(?:partly|no): ./.test(state));
  assert.deepEqual(wrong, []);
});

test("every feature under containerd names its tests, or says why it has none", () => {
  const wrong = rows.filter((row) => proofsOf(row).length === 0 && !/^none: ./.test(row.proof));
  assert.deepEqual(wrong, []);
  const unproved = rows.filter((row) => !row.state.startsWith("no:") && proofsOf(row).length === 0);
  assert.deepEqual(unproved, [], "only what is not there has no test");
});

test("the tests that prove features under containerd exist", () => {
  const absent = rows
    .flatMap(proofsOf)
    .filter(
      ({ file, name }) =>
        !existsSync(resolve(root, file)) || !testNamesOf(file).some((written) => written.includes(name)),
    );
  assert.deepEqual(absent, []);
});
