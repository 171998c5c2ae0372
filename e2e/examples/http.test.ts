import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { endOf, outputOnce, root } from "../command-fixture.ts";
import { buildExample } from "./example-fixture.ts";
import { installPackages, openPython, openRust, type OpenToolchain } from "./toolchains.ts";

interface Example {
  /** Below `examples/`. */
  readonly path: string;
  readonly open: OpenToolchain;
  /** The words that start it on a port of the kernel's choice. */
  readonly start: readonly string[];
  readonly language: string;
}

const serve = ["serve", "--listen", "127.0.0.1:0"];

/** Compilers that take minutes, or are fetched: built by `npm run e2e`. */
const examples: readonly Example[] = [
  { path: "rust/http", open: openRust, start: serve, language: "Rust" },
  { path: "javascript/http", open: installPackages, start: serve, language: "JavaScript" },
  { path: "python/http", open: openPython, start: serve, language: "Python" },
];

for (const { path, open, start, language } of process.env["KWASM_E2E"] === "all" ? examples : []) {
  test(`examples/${path} is built from source and answers`, async () => {
    await using example = await buildExample(path, open);
    const child = example.kwasm.start([...start, example.image]);
    try {
      const said = await outputOnce(child.stderr.iterator({ destroyOnReturn: false }), / on \S+\n/);
      const address = /127\.0\.0\.1:\d+/.exec(said)?.[0];
      for (const word of ["first", "second"]) {
        const response = await fetch(`http://${String(address)}/${word}`, { headers: { connection: "close" } });
        assert.equal(await response.text(), `Hello from ${language}, you asked for /${word}\n`);
      }
    } finally {
      child.kill();
      await endOf(child);
    }
  });
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
