import type { ModuleImport } from "../loader/index.ts";
import { findOffered, type HostImports } from "./check-imports.ts";
import { printable } from "./printable.ts";
import { moduleProviderOf, providerOf } from "./providers.ts";
import { makeUncatchableError } from "./trap-error.ts";

/** What stands for a function of a component that nobody offers: a call ends the guest and says what it wanted. */
export function trapOfUnknown(label: string): () => never {
  return trapping(label, providerOf(label));
}

/** What a core module is linked with: all that is offered, and traps in the places of functions that are not. */
export function withUnknownTrapped(wanted: readonly ModuleImport[], offered: HostImports): HostImports {
  const modules = new Map(
    Object.entries(offered).map(([name, functions]) => [name, new Map(Object.entries(functions))]),
  );
  for (const entry of wanted) {
    if (entry.kind !== "function" || findOffered(entry, offered) !== undefined) continue;
    const { module, name } = entry;
    const functions = modules.get(module) ?? new Map<string, WebAssembly.ImportValue>();
    modules.set(module, functions.set(name, trapping(`${module}#${name}`, moduleProviderOf(module))));
  }
  // Every key becomes a property of its own, whatever it is called.
  return Object.fromEntries(Array.from(modules, ([name, functions]) => [name, Object.fromEntries(functions)]));
}

function trapping(label: string, provider: string | undefined): () => never {
  return () => {
    const who = provider === undefined ? "" : ` (provided by ${provider})`;
    throw makeUncatchableError(`it called the unknown import "${printable(label)}"${who}`);
  };
}
