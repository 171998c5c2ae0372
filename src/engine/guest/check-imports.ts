import { KwasmError } from "#base";
import type { ModuleImport } from "../loader/index.ts";
import { printable } from "./printable.ts";
import { moduleProviderOf } from "./providers.ts";

/** What the host offers: values by module name and import name. */
export type HostImports = Readonly<Record<string, Readonly<Record<string, WebAssembly.ImportValue>>>>;

/** Names of a single error message; a module may have thousands of imports, all of them wrong. */
const NAMES_SHOWN_MAX = 100;

/** Refuses a module that wants what the host does not have, and names all of it, before anything is instantiated. */
export function checkImports(wanted: readonly ModuleImport[], offered: HostImports): void {
  const problems: string[] = [];
  for (const entry of wanted) {
    const problem = findProblem(entry, offered);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length === 0) return;
  const shown = [...new Set(problems)].slice(0, NAMES_SHOWN_MAX);
  const rest = problems.length > NAMES_SHOWN_MAX ? ` and "${problems.length - NAMES_SHOWN_MAX}" more` : "";
  throw new KwasmError(
    "unsupported",
    `starting a guest: the host does not offer ${shown.join(", ")}${rest}; build it for the target wasm32-wasip1`,
  );
}

/** Only own properties count: a guest may ask for a name such as "constructor". */
function findProblem({ module, name, kind }: ModuleImport, offered: HostImports): string | undefined {
  const label = `"${printable(module)}" "${printable(name)}" (${kind})`;
  const value = findOffered({ module, name }, offered);
  if (value === undefined) {
    const who = moduleProviderOf(module);
    return who === undefined ? label : `${label} (provided by ${who})`;
  }
  return kindOf(value) === kind ? undefined : `${label}, which is no ${kind} here`;
}

/** What is offered under a name. */
export function findOffered(
  { module, name }: Pick<ModuleImport, "module" | "name">,
  offered: HostImports,
): WebAssembly.ImportValue | undefined {
  const functions = Object.hasOwn(offered, module) ? offered[module] : undefined;
  return functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
}

function kindOf(value: WebAssembly.ImportValue): WebAssembly.ExternKind {
  if (value instanceof WebAssembly.Memory) return "memory";
  if (value instanceof WebAssembly.Table) return "table";
  if (value instanceof WebAssembly.Global || typeof value === "number" || typeof value === "bigint") return "global";
  return "function";
}
