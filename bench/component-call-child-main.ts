import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Calls, half, timeCalls } from "./measure/component-calls.ts";

/** Times what jco wrote into a folder, and prints the figures. */
const [folder = ""] = process.argv.slice(2);

interface Transpiled {
  instantiate(
    getCoreModule: (path: string) => WebAssembly.Module,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Calls;
}

// What jco writes has this shape where it is asked for synchronous instantiation.
const transpiled = (await import(pathToFileURL(join(folder, "calls.js")).href)) as Transpiled;
const modules = new Map<string, WebAssembly.Module>();

function getCoreModule(path: string): WebAssembly.Module {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(readFileSync(join(folder, path)));
  modules.set(path, module);
  return module;
}

const times = timeCalls(() => transpiled.instantiate(getCoreModule, { "test:bench/host": { half } }));
console.log(JSON.stringify(times));
