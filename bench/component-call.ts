import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileComponent } from "../src/engine/component/index.ts";
import { type CallTimes, type Calls, half, timeCalls } from "./measure/component-calls.ts";
import { fetchJco, runJco } from "./measure/jco.ts";
import { printReport } from "./measure/report.ts";

/**
 * What a call of a component costs, and an instance of one, beside jco: the same component, and the same functions of
 * the host. jco is installed into the user's cache folder at the first run; what it writes runs in a process of its own.
 */
const MEMORY_BYTES_MAX = 16 * 1024 * 1024;

async function timeOurs(component: string): Promise<CallTimes> {
  const plan = await compileComponent(readFileSync(component), { memoryBytesMax: MEMORY_BYTES_MAX });
  const imports = { interfaces: { "test:bench/host": { functions: { half }, resources: {} } } };
  return timeCalls(() => {
    const instance = plan.instantiate(imports);
    function find(name: string): (...parameters: never[]) => unknown {
      const found = instance.find(name);
      if (found === undefined) throw new Error(`the component does not export "${name}"`);
      return found.callNow;
    }
    const [add, ask, echo, total] = [find("add"), find("ask"), find("echo"), find("total")];
    const calls: Calls = { add, ask, echo, total, release: () => instance.release() };
    return calls;
  });
}

function timeJco(component: string, folder: string): CallTimes {
  const output = join(folder, "calls");
  runJco(folder, "transpile", component, "--instantiation", "sync", "--name", "calls", "-o", output);
  const child = join(import.meta.dirname, "component-call-child-main.ts");
  const words = ["--disable-warning=ExperimentalWarning", child, output];
  // The child prints what timeCalls gave it.
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" })) as CallTimes;
}

async function main(): Promise<void> {
  const folder = fetchJco();
  const component = join(folder, "calls.wasm");
  runJco(folder, "parse", join(import.meta.dirname, "guests/calls.wat"), "-o", component);
  const jco = timeJco(component, folder);
  const ours = await timeOurs(component);
  const rows = Object.entries(ours).map(([what, time]) => {
    const other = jco[what] ?? Number.NaN;
    return { what, figures: { "ns ours": time, "ns jco": other, "jco / ours": other / time } };
  });
  printReport({
    bench: "component-call",
    notes: ["the fastest of five rounds each; goal: 5 times jco per call"],
    rows,
  });
}

await main();
