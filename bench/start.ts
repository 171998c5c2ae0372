import { readFileSync } from "node:fs";
import { join } from "node:path";

import { createLoader, DescriptorBudget, type Loader, startGuest } from "#engine";

import { assembleGuest } from "./measure/assemble.ts";
import { makeLargeModule } from "./measure/large-module.ts";
import { printReport, type Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * How long a guest takes to start, from bytes and digest at hand to the point where it first waits or has ended,
 * beside the floor: V8 alone, with imports that do nothing. Both are measured in turns, so that a busy neighbour meets
 * both.
 */
const ROUNDS = 50;
const STARTS_PER_ROUND = 100;
const NEW_MODULES = 20;
const MEMORY_BYTES_MAX = 16 * 1024 * 1024;

/** One way to start a guest; resolves once it is over. `stop` is called where the start is done. */
type Start = (stop: () => void) => Promise<void>;

async function time(start: Start): Promise<number> {
  const startedMs = performance.now();
  let tookMs = Number.NaN;
  await start(() => (tookMs = performance.now() - startedMs));
  return tookMs;
}

async function compare(what: string, ours: Start, floor: Start): Promise<Row> {
  const samples = { ours: [] as number[], floor: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (let index = 0; index < STARTS_PER_ROUND; index++) samples.ours.push(await time(ours));
    for (let index = 0; index < STARTS_PER_ROUND; index++) samples.floor.push(await time(floor));
  }
  // The first rounds run code that V8 has not compiled yet, on both sides.
  const warm = STARTS_PER_ROUND * 5;
  return rowOf(what, samples.ours.slice(warm), samples.floor.slice(warm));
}

function rowOf(what: string, ours: readonly number[], floor: readonly number[]): Row {
  return {
    what,
    figures: {
      "p50 ms": quantile(ours, 0.5),
      "p99 ms": quantile(ours, 0.99),
      "floor p50 ms": quantile(floor, 0.5),
      "floor p99 ms": quantile(floor, 0.99),
      "p50 / floor": quantile(ours, 0.5) / quantile(floor, 0.5),
    },
  };
}

function throughEngine(loader: Loader, bytes: Uint8Array, digest?: string): Start {
  return async (stop) => {
    const options = { memoryBytesMax: MEMORY_BYTES_MAX, ...(digest === undefined ? {} : { digest }) };
    const module = await loader.load(bytes, options);
    const guest = await startGuest(module, { budget: new DescriptorBudget(16) });
    stop();
    await guest.ended;
  };
}

function throughV8(module: WebAssembly.Module): Start {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 8;
  return async (stop) => {
    const { exports } = new WebAssembly.Instance(module, imports);
    callStart(exports);
    stop();
  };
}

/** A guest that ends by `proc_exit` traps where that does nothing. */
function callStart(exports: WebAssembly.Exports): void {
  // A command exports it, and it takes nothing.
  const start = exports["_start"] as () => void;
  try {
    start();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
}

async function compareNewModules(): Promise<Row> {
  const loader = createLoader();
  const samples = { ours: [] as number[], floor: [] as number[] };
  for (let index = 0; index < NEW_MODULES; index++) {
    const [first, second] = [makeLargeModule(2 * index), makeLargeModule(2 * index + 1)];
    samples.ours.push(await time(throughEngine(loader, first)));
    samples.floor.push(await time(async (stop) => throughV8(await WebAssembly.compile(second))(stop)));
  }
  return rowOf(
    `first start of a new module, ${(makeLargeModule(0).length / 1e6).toFixed(2)} MB`,
    samples.ours,
    samples.floor,
  );
}

const loader = createLoader();
const brief = assembleGuest("brief");
const hello = readFileSync(join(import.meta.dirname, "../examples/quickstart/hello/hello.wasm"));
printReport({
  bench: "start",
  notes: [
    "goal: known modules start in at most 0.1 ms (p50)",
    "floor: V8 alone, new Instance (and compile, for the new module) with imports that do nothing",
  ],
  rows: [
    await compare(
      "known module, wat",
      throughEngine(loader, brief, "sha256:brief"),
      throughV8(new WebAssembly.Module(brief)),
    ),
    await compare(
      "known module, C (quickstart)",
      throughEngine(loader, hello, "sha256:hello"),
      throughV8(new WebAssembly.Module(hello)),
    ),
    await compareNewModules(),
  ],
});
