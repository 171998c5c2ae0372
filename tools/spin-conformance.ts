/**
 * Runs Spin's conformance tests (fermyon/conformance-tests) by `kwasm serve` and prints what passed.
 *
 *   node tools/spin-conformance.ts FOLDER [NAME…]
 *
 * FOLDER is a checkout of the suite, NAMEs are folders of its `tests/`. The guests that the tests name are built by cargo
 * into `target/` of FOLDER where they are not there, by the Rust that the examples are built with. A test
 * whose manifest asks for a server that cannot be started here is named and left out.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { KwasmCommand } from "../e2e/command-fixture.ts";
import { openRustFor } from "../e2e/examples/toolchains.ts";
import { serveWhile } from "../e2e/serve-while.ts";
import { invoke } from "./spin-conformance/invoke.ts";
import { findUnmet, TestServers } from "./spin-conformance/servers.ts";
import { fillPlaces, readTestManifest, type TestManifest } from "./spin-conformance/test-manifest.ts";

const target = "wasm32-wasip1";
const buildMsMax = 1_200_000;
const runProgram = promisify(execFile);

/** The module of a guest, by the folder that it is in; cargo is asked for it once. */
class Guests {
  readonly #folder: string;
  readonly #built = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  find(name: string): Promise<string> {
    const known = this.#built.get(name) ?? this.#build(name);
    this.#built.set(name, known);
    return known;
  }

  async #build(name: string): Promise<string> {
    const folder = join(this.#folder, "components", name);
    const crate = /^name = "(?<name>[^"]+)"/mu.exec(readFileSync(join(folder, "Cargo.toml"), "utf8"))?.groups?.["name"];
    const path = join(this.#folder, "target", target, "release", `${crate?.replaceAll("-", "_") ?? ""}.wasm`);
    if (existsSync(path)) return path;
    const env = { ...process.env, ...(await openRustFor(target)), CARGO_TARGET_DIR: join(this.#folder, "target") };
    const words = ["build", "--quiet", "--release", "--target", target];
    await runProgram("cargo", words, { cwd: folder, env, timeout: buildMsMax });
    return path;
  }
}

/** Runs one test in a folder of its own and answers with what is wrong. */
async function runTest(folder: string, manifest: TestManifest, guests: Guests): Promise<readonly string[]> {
  await using kwasm = new KwasmCommand();
  await using servers = await TestServers.start(manifest.preconditions ?? [], join(folder, "../.."));
  const text = readFileSync(join(folder, "spin.toml"), "utf8");
  for (const [, name = ""] of text.matchAll(/%\{source=(?<name>[^}]*)\}/gu)) {
    kwasm.write(`${name}.wasm`, readFileSync(await guests.find(name)));
  }
  const filled = fillPlaces(text, (key, name) => (key === "source" ? `${name}.wasm` : servers.ports.get(name)));
  kwasm.write("spin.toml", filled);
  const problems: string[] = [];
  await serveWhile(kwasm, ["spin.toml"], async (_ask, url) => {
    for (const invocation of manifest.invocations) problems.push(...(await invoke(url, invocation, servers.ports)));
  });
  return problems;
}

type Result = "ok" | "FAIL" | "none";

/** Runs one test of the suite, and says what came of it. */
async function judge(name: string, place: string, guests: Guests): Promise<Result> {
  const manifest = readTestManifest(join(place, "test.json5"));
  const unmet = findUnmet(manifest.preconditions ?? []);
  if (unmet !== undefined) {
    console.log(`none ${name}: it needs "${unmet}"`);
    return "none";
  }
  const problems = await runTest(place, manifest, guests).catch((error: unknown) => [String(error)]);
  console.log(problems.length === 0 ? `ok   ${name}` : `FAIL ${[name, ...problems].join("\n    ")}`);
  return problems.length === 0 ? "ok" : "FAIL";
}

async function main([folder, ...names]: readonly string[]): Promise<number> {
  if (folder === undefined) throw new Error("say where the suite is: tools/spin-conformance.ts FOLDER");
  const guests = new Guests(folder);
  const results: Result[] = [];
  for (const name of readdirSync(join(folder, "tests")).toSorted()) {
    if (names.length > 0 && !names.includes(name)) continue;
    results.push(await judge(name, join(folder, "tests", name), guests));
  }
  const count = (wanted: Result): number => results.filter((result) => result === wanted).length;
  console.log(`${count("ok")} passed, ${count("FAIL")} failed, ${count("none")} left out`);
  return count("FAIL") === 0 && count("ok") > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
