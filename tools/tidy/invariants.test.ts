import assert from "node:assert/strict";
import { test } from "node:test";

import { importsOf, valueClosureOf } from "./module-graph.ts";
import { partOf } from "./parts.ts";
import { listSources } from "./source-tree.ts";
import { field, listField, nameOf, parseFile, type SyntaxNode, textField, walk } from "./syntax.ts";

const product = listSources().filter((path) => path.startsWith("src/") && !path.endsWith(".test.ts"));

/** `path: what` for each node of the file that `isWrong` says something about. */
function findNodes(path: string, describe: (node: SyntaxNode) => string | undefined): string[] {
  return [...walk(parseFile(path).program)].flatMap((node) => {
    const what = describe(node);
    return what === undefined ? [] : [`${path}: ${what}`];
  });
}

test("the control process imports nothing that instantiates Wasm", () => {
  const entries = ["src/node/index.ts", "src/local/index.ts", "src/shim/shim-main.ts", "src/shim/keeper-main.ts"];
  const reached = entries.flatMap((entry) => [...valueClosureOf(entry)]);
  assert.ok(reached.length > 2, "the façades of node and local were followed");
  assert.deepEqual(
    reached.filter((path) => partOf(path) === "engine"),
    [],
  );
  assert.deepEqual(
    reached.filter((path) => path.endsWith(".ts")).flatMap((path) => findNodes(path, usesWebAssembly)),
    [],
  );
});

function usesWebAssembly(node: SyntaxNode): string | undefined {
  const isUse = node.type === "MemberExpression" && textField(field(node, "object"), "name") === "WebAssembly";
  return isUse ? `WebAssembly.${nameOf(node)}` : undefined;
}

test("nothing is evaluated: no eval, Function, vm or generated module", () => {
  assert.deepEqual(
    product.flatMap((path) => findNodes(path, evaluates)),
    [],
  );
  const imports = product.flatMap(importsOf);
  assert.deepEqual(
    imports.filter(({ specifier }) => /^(?:node:)?vm$|^data:|^blob:/.test(specifier)),
    [],
  );
});

function evaluates(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case "CallExpression":
    case "NewExpression": {
      const callee = field(node, "callee");
      if (callee?.type === "Identifier" && ["eval", "Function"].includes(nameOf(callee) ?? "")) return nameOf(callee);
      return nameOf(callee) === "Worker" ? evaluatingWorker(node) : undefined;
    }
    case "ImportExpression":
      return field(node, "source")?.type === "Literal" ? undefined : "import() of a computed name";
    default:
      return undefined;
  }
}

function evaluatingWorker(node: SyntaxNode): string | undefined {
  const options = listField(node, "arguments").flatMap((argument) => listField(argument, "properties"));
  return options.some((option) => nameOf(field(option, "key")) === "eval") ? "Worker with eval" : undefined;
}

test("processes of ours are started by nodeCommand", () => {
  const wrong = product
    .filter((path) => path !== "src/base/node-command.ts")
    .flatMap((path) => findNodes(path, usesExecPath));
  assert.deepEqual(wrong, []);
});

function usesExecPath(node: SyntaxNode): string | undefined {
  return node.type === "MemberExpression" && nameOf(node) === "execPath" ? "execPath" : undefined;
}

const webModules = new Set(["node:http", "node:https", "node:http2", "node:tls"]);

test("Node's HTTP is loaded by nodeHttp and its like", () => {
  assert.deepEqual(
    product.filter((path) => !path.includes("/testing/")).flatMap((path) => findNodes(path, loadsWebModule)),
    [],
  );
});

function loadsWebModule(node: SyntaxNode): string | undefined {
  if (node.type !== "ImportDeclaration" || textField(node, "importKind") === "type") return undefined;
  const module = textField(field(node, "source"), "value") ?? "";
  return webModules.has(module) ? `import of ${module}` : undefined;
}

test("the engine imports no part but base", () => {
  const imports = product.filter((path) => partOf(path) === "engine").flatMap(importsOf);
  const parts = new Set(imports.flatMap(({ target }) => (target === undefined ? [] : [partOf(target)])));
  assert.deepEqual(parts, new Set(["base", "engine"]));
});
