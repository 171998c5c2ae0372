/**
 * Runs the tests of WebAssembly/component-model with our linker, prints what passed, and compares it with what is known
 * to differ.
 *
 *   node tools/component-tests.ts FOLDER WASM-TOOLS [NAME…]
 *
 * FOLDER is a checkout's `test` folder; WASM-TOOLS is the command of that name (crates.io), which turns the text format
 * into binaries and a list of commands; names choose single files, such as `values/strings`. What fails and why is
 * listed in `tools/component-tests/expected.json` by file and line; a failure that is not listed, and one that is
 * listed and does not occur, make the run fail.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, runScript } from "./component-tests/run-script.ts";

/** Files that are not run at all, and lines that fail, with the reason of each. */
interface Expected {
  readonly skipped: Readonly<Record<string, string>>;
  readonly failures: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const expectedPath = join(import.meta.dirname, "component-tests", "expected.json");

function commandsOf(wast: string, wasmTools: string, folder: string): readonly Command[] {
  const output = join(folder, "commands.json");
  execFileSync(wasmTools, ["json-from-wast", wast, "-o", output, "--wasm-dir", folder], { stdio: "pipe" });
  // The command is the one whose format run-script.ts describes.
  return (JSON.parse(readFileSync(output, "utf8")) as { commands: readonly Command[] }).commands;
}

async function runFile(wast: string, wasmTools: string): Promise<{ count: number; problems: Map<number, string> }> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "component-tests-"));
  const commands = commandsOf(wast, wasmTools, scratch.path);
  return { count: commands.length, problems: await runScript(scratch.path, commands) };
}

/** Prints what differs from `expected` and answers how many lines do. */
function compare(name: string, problems: ReadonlyMap<number, string>, expected: Expected): number {
  const known = expected.failures[name] ?? {};
  let surprises = 0;
  for (const [line, problem] of problems) {
    if (String(line) in known) continue;
    surprises += 1;
    console.log(`FAIL ${name}:${line}\n    ${problem}`);
  }
  for (const line of Object.keys(known)) {
    if (problems.has(Number(line))) continue;
    surprises += 1;
    console.log(`FAIL ${name}:${line}\n    it passes and is listed as failing`);
  }
  return surprises;
}

async function main([folder, wasmTools, ...names]: readonly string[]): Promise<number> {
  if (folder === undefined || wasmTools === undefined) {
    throw new Error("say where the tests and the tool are: tools/component-tests.ts FOLDER WASM-TOOLS");
  }
  const expected = JSON.parse(readFileSync(expectedPath, "utf8")) as Expected;
  const total = { count: 0, failed: 0, surprises: 0 };
  for (const wast of globSync("**/*.wast", { cwd: folder }).toSorted()) {
    const name = wast.replace(/\.wast$/, "");
    if (names.length > 0 && !names.includes(name)) continue;
    if (name in expected.skipped) continue;
    const { count, problems } = await runFile(join(folder, wast), wasmTools);
    total.count += count;
    total.failed += problems.size;
    total.surprises += compare(name, problems, expected);
    console.log(`${problems.size === 0 ? "ok  " : "part"} ${name}: ${count - problems.size} of ${count}`);
  }
  console.log(`${total.count - total.failed} of ${total.count} passed, ${total.surprises} unlike what is listed`);
  return total.surprises === 0 && total.count > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
