import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { endOf, outputOnce, root } from "../command-fixture.ts";
import { type BuiltExample, buildExample } from "./example-fixture.ts";
import { hasRust, installPackages, openPython, openRust, openWasmTools, type OpenToolchain } from "./toolchains.ts";

interface Example {
  /** Below `examples/`. */
  readonly path: string;
  readonly open: OpenToolchain;
  readonly language: string;
}

const rust: Example = { path: "rust/http", open: openRust, language: "Rust" };

/**
 * A language of each kind of guest, built in every run of the tests. What compilers are not there is fetched, but for Rust:
 * `npm run e2e` asks for one, `npm test` takes the machine's.
 */
const examples: readonly Example[] = [
  { path: "c/http", open: openWasmTools, language: "C" },
  { path: "go/http", open: openWasmTools, language: "Go" },
  { path: "typescript/http", open: installPackages, language: "TypeScript" },
  { path: "python/http", open: openPython, language: "Python" },
  { path: "javascript/http", open: installPackages, language: "JavaScript" },
  ...(process.env["KWASM_E2E"] === "all" || (await hasRust()) ? [rust] : []),
];

for (const { path, open, language } of examples) {
  test(`examples/${path} is built from source and answers`, async (context) => {
    await using example = await buildExample(path, open);
    const times = await ask(example, language);
    const size = await example.byteLength();
    context.diagnostic(`${path}: ${String(size)} bytes, answered after ${times.map(formatMs).join(", then ")} ms`);
  });
}

function formatMs(milliseconds: number): string {
  return milliseconds.toFixed(1);
}

/** Serves it, and answers how long each of two requests took; nothing ran before the first. */
async function ask(example: BuiltExample, language: string): Promise<readonly number[]> {
  const child = example.kwasm.start(["serve", "--listen", "127.0.0.1:0", example.image]);
  try {
    const said = await outputOnce(child.stderr.iterator({ destroyOnReturn: false }), / on \S+\n/);
    const address = /127\.0\.0\.1:\d+/.exec(said)?.[0];
    const times: number[] = [];
    for (const word of ["first", "second"]) {
      const startedMs = performance.now();
      const response = await fetch(`http://${String(address)}/${word}`, { headers: { connection: "close" } });
      assert.equal(await response.text(), `Hello from ${language}, you asked for /${word}\n`);
      times.push(performance.now() - startedMs);
    }
    return times;
  } finally {
    child.kill();
    await endOf(child);
  }
}

test("every example is built by a test", () => {
  const texts = ["commands", "http"].map((name) => readFileSync(join(import.meta.dirname, `${name}.test.ts`), "utf8"));
  const folders = globSync("*/{command,http,library}", { cwd: join(root, "examples") });
  assert.ok(folders.length > 0);
  assert.deepEqual(
    folders.filter((folder) => !texts.join("").includes(`path: "${folder}"`)),
    [],
  );
});
