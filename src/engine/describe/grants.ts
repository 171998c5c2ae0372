import type { ExternName } from "../component/index.ts";
import { missingImports } from "../guest/check-command.ts";
import { moduleProviderOf, providerOf } from "../guest/providers.ts";
import { DescriptorBudget } from "../host/index.ts";
import type { ModuleImport } from "../loader/index.ts";
import { createP1Host, p1ModuleName } from "../p1/index.ts";
import { createP3Host } from "../p3/index.ts";

/** Whether a guest gets what it imports. */
export type Grant =
  | { readonly kind: "always" }
  /** There, and empty without these options of `kwasm run`. */
  | { readonly kind: "by option"; readonly options: readonly string[] }
  | { readonly kind: "missing"; readonly provider: string | undefined };

interface GrantRule {
  readonly start: RegExp;
  readonly options: readonly string[];
}

/** Calls of WASI 0.1 that answer with nothing unless something was granted. */
const callRules: readonly GrantRule[] = [
  { start: /^args_/, options: ["ARG…"] },
  { start: /^environ_/, options: ["--env"] },
  { start: /^(?:path_|fd_prestat_|fd_readdir$)/, options: ["--dir"] },
  { start: /^sock_/, options: ["--listen"] },
];

/** As callRules, for interfaces of WASI 0.2 and 0.3. */
const interfaceRules: readonly GrantRule[] = [
  { start: /^wasi:cli\/environment@/, options: ["--env", "ARG…"] },
  { start: /^wasi:filesystem\//, options: ["--dir"] },
  { start: /^wasi:sockets\//, options: ["--network", "--allow-outbound", "--allow-bind"] },
  { start: /^wasi:http\/(?:outgoing-handler|client)@/, options: ["--network", "--allow-outbound"] },
];

function ruled(name: string, rules: readonly GrantRule[]): Grant {
  const rule = rules.find(({ start }) => start.test(name));
  return rule === undefined ? { kind: "always" } : { kind: "by option", options: rule.options };
}

/** Says for each import of a component whether it is there. The host itself is asked, so that both always agree. */
export function grantsOfComponent(imports: readonly ExternName[]): (name: string) => Grant {
  const host = createP3Host({ onExit: neverExits });
  const missing = new Set(missingImports(imports, host.offers).map(({ name }) => name));
  return (name) => (missing.has(name) ? { kind: "missing", provider: providerOf(name) } : ruled(name, interfaceRules));
}

/** Descriptors of a guest that is given nothing. */
const standardStreams = 3;

/**
 * As grantsOfComponent, for the imports of a core module. Of one that says its world, what is of no WASI 0.1 is asked for as
 * the interface that it names.
 */
export function grantsOfModule(entries: readonly ModuleImport[], saysWorld: boolean): (entry: ModuleImport) => Grant {
  const { imports } = createP1Host({ onExit: neverExits, budget: new DescriptorBudget(standardStreams) });
  const ofInterface = saysWorld ? grantsOfComponent(interfacesOf(entries)) : undefined;
  return ({ module, name, kind }) => {
    const isThere = module === p1ModuleName && kind === "function" && Object.hasOwn(imports, name);
    if (isThere) return ruled(name, callRules);
    if (ofInterface !== undefined && module !== p1ModuleName) return ofInterface(module);
    return { kind: "missing", provider: moduleProviderOf(module) };
  };
}

/** The interfaces whose functions a module imports. That a resource is dropped needs nobody who offers it. */
function interfacesOf(entries: readonly ModuleImport[]): readonly ExternName[] {
  const functions = new Map<string, string[]>();
  for (const { module, name } of entries) {
    const known = functions.get(module) ?? [];
    functions.set(module, name.startsWith("[resource-drop]") ? known : [...known, name]);
  }
  return Array.from(functions, ([name, members]) => ({ kind: "instance", name, functions: members }));
}

/** No guest runs under a host that is only asked what it has. */
function neverExits(): Error {
  return new Error("a host that runs no guest was told to end one");
}
