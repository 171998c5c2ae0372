/**
 * Changes components at random, reads, checks and starts them with our linker, and stops at the first thing that is
 * neither a typed error nor a working component.
 *
 *   node tools/fuzz-components.ts FOLDER SECONDS [SEED]
 *
 * FOLDER holds components as `.wasm` files, at any depth. What is found is written to `found.wasm` in FOLDER.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import { compileComponent, isComponent } from "../src/engine/component/index.ts";
import { mutate, randomFrom } from "./fuzz/mutate.ts";

const memoryBytesMax = 16 * 1_048_576;

/** Reading a component takes milliseconds; more than this for one is a finding. */
const oneTookMsMax = 5_000;

/** How often progress is printed. */
const reportEvery = 10_000;

async function tryOne(bytes: Uint8Array): Promise<boolean> {
  try {
    const plan = await compileComponent(bytes, { memoryBytesMax });
    plan.instantiate({ interfaces: {} }).release();
    return true;
  } catch (error) {
    if (error instanceof KwasmError || isTrap(error)) return false;
    throw error;
  }
}

/** A guest may use up its stack as it starts, which V8 reports as it reports ours: the innermost function is the guest's then. */
function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return error instanceof RangeError && /^RangeError: [^\n]*\n\s+at [^\n]*wasm:\/\//.test(error.stack ?? "");
}

async function main([folder, seconds, seed = "1"]: readonly string[]): Promise<number> {
  if (folder === undefined || seconds === undefined) throw new Error("tools/fuzz-components.ts FOLDER SECONDS [SEED]");
  const samples = globSync("**/*.wasm", { cwd: folder })
    .map((file) => readFileSync(join(folder, file)))
    .filter(isComponent);
  const random = randomFrom(Number(seed));
  const endMs = performance.now() + Number(seconds) * 1_000;
  const counts = { tried: 0, started: 0 };
  while (performance.now() < endMs) {
    const sample = samples[random(samples.length)];
    if (sample === undefined) throw new Error(`there is no component in "${folder}"`);
    const mutant = mutate(sample, random);
    const startedMs = performance.now();
    try {
      if (await tryOne(mutant)) counts.started += 1;
      if (performance.now() - startedMs > oneTookMsMax) throw new Error(`one took more than ${oneTookMsMax} ms`);
    } catch (error) {
      writeFileSync(join(folder, "found.wasm"), mutant);
      throw error;
    }
    counts.tried += 1;
    if (counts.tried % reportEvery === 0) console.log(`${counts.tried} tried, ${counts.started} started`);
  }
  const mebibytes = Math.round(process.memoryUsage.rss() / 1_048_576);
  console.log(`${counts.tried} tried, ${counts.started} started, ${mebibytes} MiB resident at the end`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
