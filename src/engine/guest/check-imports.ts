import { KwasmError } from "#base";
import type { ModuleImport } from "../loader/index.ts";

/** What the host offers: values by module name and import name. */
export type HostImports = Readonly<Record<string, Readonly<Record<string, WebAssembly.ImportValue>>>>;

/** Names of a single error message; a module may have thousands of imports, all of them wrong. */
const NAMES_SHOWN_MAX = 100;
const NAME_LENGTH_MAX = 200;

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
  const functions = Object.hasOwn(offered, module) ? offered[module] : undefined;
  const label = `"${printable(module)}" "${printable(name)}" (${kind})`;
  if (functions === undefined || !Object.hasOwn(functions, name)) return label;
  const value = functions[name];
  const fits = value !== undefined && kindOf(value) === kind;
  return fits ? undefined : `${label}, which is no ${kind} here`;
}

function kindOf(value: WebAssembly.ImportValue): WebAssembly.ExternKind {
  if (value instanceof WebAssembly.Memory) return "memory";
  if (value instanceof WebAssembly.Table) return "table";
  if (value instanceof WebAssembly.Global || typeof value === "number" || typeof value === "bigint") return "global";
  return "function";
}

function printable(name: string): string {
  return name.slice(0, NAME_LENGTH_MAX).replaceAll(/\p{Cc}/gu, "\ufffd");
}
