import assert from "node:assert/strict";
import { basename, extname } from "node:path";
import { test } from "node:test";

import { listFiles, listSources, readText } from "./source-tree.ts";
import { field, listField, nameOf, parseFile, type SyntaxNode, walk } from "./syntax.ts";

const FILE_LINES_MAX = 400;

const sources = listSources();
const tests = sources.filter((path) => path.endsWith(".test.ts"));
const texts = listFiles("**/*.{ts,md,json,sh,yaml,toml}", "tools/*", "kwasm", "kubectl-kwasm", ".ci/run").filter(
  (path) => path !== "package-lock.json",
);

test("no source is longer than a reader can hold", () => {
  const long = sources.filter((path) => readText(path).split("\n").length - 1 > FILE_LINES_MAX);
  assert.deepEqual(long, []);
});

test("files are named after what they hold", () => {
  const vague = new Set(["util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff"]);
  const wrong = sources.filter((path) => path.split("/").some((word) => vague.has(basename(word, ".ts"))));
  assert.deepEqual(wrong, []);
});

test("every test runs", () => {
  const wrong = tests.flatMap((path) =>
    [...walk(parseFile(path).program)].filter(isSwitchedOff).map((node) => `${path}: ${nameOf(field(node, "callee"))}`),
  );
  assert.deepEqual(wrong, []);
});

const switches = new Set(["skip", "todo", "only"]);
const testFunctions = new Set(["test", "it", "describe", "suite"]);

/** The call of a switch (`test.skip`, `t.skip`) and an option of that name (`test(name, { only: true }, …)`). */
function isSwitchedOff(node: SyntaxNode): boolean {
  if (node.type !== "CallExpression") return false;
  const callee = field(node, "callee");
  const name = nameOf(callee) ?? "";
  if (callee?.type === "MemberExpression" && switches.has(name)) {
    return [...testFunctions, "t", "context"].includes(nameOf(field(callee, "object")) ?? "");
  }
  if (!testFunctions.has(name)) return false;
  const options = listField(node, "arguments").flatMap((argument) => listField(argument, "properties"));
  return options.some((option) => switches.has(nameOf(field(option, "key")) ?? ""));
}

test("every file of testdata is used by a test beside it", () => {
  const unused = listFiles("{src,tools,e2e}/**/testdata/**").filter((path) => {
    const [owner = "", rest = ""] = path.split("/testdata/");
    const words = rest.split("/").flatMap((word) => [word, basename(word, extname(word))]);
    const users = sources.filter((source) => source.startsWith(`${owner}/`)).map(readText);
    return !users.some((text) => words.some((word) => text.includes(word)));
  });
  assert.deepEqual(unused, []);
});

test("nothing names the machine that it was written on", () => {
  const machinePath = /(?<![\w.-])\/(?:work|farm|root|tmp\/bash_jobs)\//;
  const wrong = texts.filter((path) => path !== "tools/tidy/files.test.ts" && machinePath.test(readText(path)));
  assert.deepEqual(wrong, []);
});

test("the lock file names no registry, so that the user's own is asked", () => {
  assert.doesNotMatch(readText("package-lock.json"), /"resolved": "http/);
});
