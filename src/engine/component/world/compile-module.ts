import { createMemoryPool } from "../../guest/memory-pool.ts";
import { createLoader, type Loader, type ModuleLayout, parseModule } from "../../loader/index.ts";
import type { CompileOptions, ComponentPlan } from "../component.ts";
import { planOf } from "../compose/plan-of.ts";
import { CoreInstances } from "../instance/core-instances.ts";
import { readModuleType } from "../types/module-type.ts";
import type { ComponentType, ExternType } from "../types/types.ts";
import { mergeWorlds } from "./merge-worlds.ts";
import { makeModuleInstance, type WorldModule } from "./module-instance.ts";
import { type ExportPlan, type ImportPlan, planModule, rootModule } from "./plan-module.ts";
import { commandWorld, isCommandModule } from "./command-world.ts";
import { hasWorld, readWorlds } from "./read-worlds.ts";

/** One for the thread, as that of components. */
const threadPool = createMemoryPool();

/**
 * Makes a component of a core module that says for which world it was built, as `wasm-tools component new` does: what SDKs
 * before wasm32-wasip2 leave to the host. Answers undefined where the module does not say it.
 */
export async function compileModule(
  source: Uint8Array,
  options: CompileOptions,
  loader: Loader = createLoader(),
): Promise<ComponentPlan | undefined> {
  const bytes = Uint8Array.from(source);
  const layout = parseModule(bytes);
  if (!hasWorld(layout)) return undefined;
  return compileOfWorlds(bytes, { layout, worlds: readWorlds(layout) }, options, loader);
}

/** Makes a component of a command of WASI 0.1, which exports its `_start`. Answers undefined where the module has none. */
export async function compileCommandModule(
  source: Uint8Array,
  options: CompileOptions,
  loader: Loader = createLoader(),
): Promise<ComponentPlan | undefined> {
  const bytes = Uint8Array.from(source);
  const layout = parseModule(bytes);
  if (!isCommandModule(layout)) return undefined;
  return compileOfWorlds(bytes, { layout, worlds: [...readWorlds(layout), commandWorld()] }, options, loader);
}

interface Understood {
  readonly layout: ModuleLayout;
  readonly worlds: readonly ComponentType[];
}

async function compileOfWorlds(
  bytes: Uint8Array<ArrayBuffer>,
  { layout, worlds }: Understood,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  const world = mergeWorlds(worlds);
  const plan = planModule(readModuleType(layout), world);
  const module: WorldModule = { world, plan, module: await loader.load(bytes, options) };
  return planOf({
    type: exportedOnly(importedOnly(world.type, plan.imports), plan.exports),
    createCore: () => new CoreInstances(options.memoryBytesMax, threadPool),
    make: (imports, place) => makeModuleInstance(module, { imports, ...place }),
  });
}

/** The world with those functions that the module imports: SDKs know all that a host has, and a module calls little of it. */
function importedOnly(type: ComponentType, imports: readonly ImportPlan[]): ComponentType {
  const wanted = new Set(imports.map(placeOf));
  const kept = new Map<string, ExternType>();
  for (const [name, extern] of type.imports) {
    if (extern.kind !== "instance") {
      if (extern.kind !== "func" || wanted.has(`${rootModule}#${name}`)) kept.set(name, extern);
      continue;
    }
    const members = Array.from(extern.type.exports).filter(([member, { kind, type: of }]) =>
      kind === "func" ? wanted.has(`${name}#${member}`) : of.kind === "resource",
    );
    if (members.length > 0) kept.set(name, { kind: "instance", type: { ...extern.type, exports: new Map(members) } });
  }
  return { ...type, imports: kept };
}

function placeOf(entry: ImportPlan): string {
  if (entry.kind !== "lower") return `${entry.module}#${entry.name}`;
  return `${entry.interfaceName ?? rootModule}#${entry.member}`;
}

/** The world without the interfaces and functions that the module does not export. */
function exportedOnly(type: ComponentType, exports: readonly ExportPlan[]): ComponentType {
  const names = new Set(exports.map(({ interfaceName, name }) => interfaceName ?? name));
  const kept = new Map<string, ExternType>(Array.from(type.instance.exports).filter(([name]) => names.has(name)));
  return { ...type, instance: { ...type.instance, exports: kept } };
}
