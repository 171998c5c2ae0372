import { test } from "node:test";

import { buildExample } from "./example-fixture.ts";
import { installPackages, openMachine, openPython, openRust, type OpenToolchain } from "./toolchains.ts";

interface Example {
  /** Below `examples/`. */
  readonly path: string;
  readonly open: OpenToolchain;
  readonly options?: readonly string[];
  readonly rest?: readonly string[];
  readonly stdout: string;
}

/** Built in every run of the tests: with the compilers that `tools/setup` brings. */
const quick: readonly Example[] = [
  { path: "c/command", open: openMachine, rest: ["you"], stdout: "Hello you from C\n" },
  { path: "go/command", open: openMachine, rest: ["you", "me"], stdout: "Hello you and me from Go\n" },
];

/** Built by `npm run e2e`: their compilers are fetched into the cache, which takes minutes. */
const large: readonly Example[] = [
  { path: "rust/command", open: openRust, rest: ["you"], stdout: "Hello you from Rust\n" },
  {
    path: "typescript/library",
    open: installPackages,
    options: ["--invoke", 'greet(["you"], true)'],
    stdout: '{text: "HELLO YOU FROM TYPESCRIPT", letters: 25}\n',
  },
  {
    path: "javascript/command",
    open: installPackages,
    stdout: "Hello from JavaScript\n",
  },
  { path: "python/command", open: openPython, stdout: "Hello from Python\n" },
  { path: "assemblyscript/command", open: installPackages, stdout: "Hello from AssemblyScript\n" },
];

const examples = process.env["KWASM_E2E"] === "all" ? [...quick, ...large] : quick;

for (const { path, open, options = [], rest = [], stdout } of examples) {
  test(`examples/${path} is built from source and runs`, async () => {
    await using example = await buildExample(path, open);
    await example.check(options, rest, stdout);
  });
}
