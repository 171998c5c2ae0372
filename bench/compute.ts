import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

import { fetchWasmtime } from "./measure/fetch-wasmtime.ts";
import { printReport, type Row } from "./measure/report.ts";
import { geometricMean, median } from "./measure/statistics.ts";

/**
 * Five C kernels through our engine, through V8 alone and through wasmtime: the same bytes, each run in a fresh
 * process, in turns, timed inside the guest. A process's figure is its fastest round, since neighbours on the machine
 * only ever slow one down, without the first ones, in which code may still run that V8 is about to replace; an engine's
 * figure is the median of its processes.
 */
const KERNELS = ["sha256", "matrix", "quicksort", "scan", "bodies"] as const;
const WARM_ROUNDS = 6;

const { values } = parseArgs({ options: { repeats: { type: "string", default: "7" } }, strict: false });
const repeats = Number(values.repeats);

type Engine = (module: string) => readonly [program: string, ...words: string[]];

const child = join(import.meta.dirname, "compute-child-main.ts");
const nodeWords = ["--disable-warning=ExperimentalWarning", child] as const;

function engines(): Readonly<Record<"kwasm" | "v8" | "wasmtime", Engine>> {
  const wasmtime = fetchWasmtime();
  return {
    kwasm: (module) => [process.execPath, ...nodeWords, "kwasm", module],
    v8: (module) => [process.execPath, ...nodeWords, "v8", module],
    wasmtime: (module) => [wasmtime, "run", module],
  };
}

function compile(kernel: string, folder: string): string {
  const output = join(folder, `${kernel}.wasm`);
  const source = join(import.meta.dirname, "kernels", `${kernel}.c`);
  const debian = ["--target=wasm32-wasi", "--sysroot=/usr", "-I/usr/include/wasm32-wasi"];
  execFileSync("clang-19", [...debian, "-O2", "-Wall", "-Wextra", "-o", output, source], { stdio: "inherit" });
  return output;
}

interface Run {
  /** The kernel's result: the same for every engine, or something is wrong with one. */
  readonly check: string;
  readonly milliseconds: number;
}

function runOnce(command: readonly [program: string, ...words: string[]]): Run {
  const [program, ...words] = command;
  const [check = "", ...rounds] = execFileSync(program, words, { encoding: "utf8" }).trim().split("\n");
  return { check, milliseconds: Math.min(...rounds.slice(WARM_ROUNDS).map(Number)) / 1e6 };
}

function compare(module: string, { kwasm, v8, wasmtime }: ReturnType<typeof engines>): Row {
  const samples = { kwasm: [] as number[], v8: [] as number[], again: [] as number[], wasmtime: [] as number[] };
  const checks = new Set<string>();
  // V8 stands twice in each turn: how far it is from itself says what a difference is worth.
  const turn = { kwasm, v8, wasmtime, again: v8 };
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const name of ["kwasm", "v8", "wasmtime", "again"] as const) {
      const { check, milliseconds } = runOnce(turn[name](module));
      checks.add(check);
      samples[name].push(milliseconds);
    }
  }
  if (checks.size !== 1) throw new Error(`${basename(module)}: results differ: ${[...checks].join(", ")}`);
  const [ours, plain, again, peer] = [samples.kwasm, samples.v8, samples.again, samples.wasmtime].map(median) as [
    number,
    number,
    number,
    number,
  ];
  return {
    what: basename(module, ".wasm"),
    figures: { "kwasm ms": ours, "/ V8": ours / plain, "V8 / V8": again / plain, "/ wasmtime": ours / peer },
  };
}

function meanOf(rows: readonly Row[], columns: readonly string[]): Row {
  const figures = columns.map((column) => [column, geometricMean(rows.map((row) => row.figures[column] ?? 1))]);
  return { what: "geometric mean", figures: Object.fromEntries(figures) as Row["figures"] };
}

const folder = mkdtempSync(join(tmpdir(), "kwasm-bench-"));
try {
  const all = engines();
  const rows = KERNELS.map((kernel) => compare(compile(kernel, folder), all));
  printReport({
    bench: "compute",
    notes: ["goal: within 2 % of V8 alone", "time inside the guest; below 1 means that kwasm is faster"],
    rows: [...rows, meanOf(rows, ["/ V8", "V8 / V8", "/ wasmtime"])],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
