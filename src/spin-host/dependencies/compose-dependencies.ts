import { KwasmError } from "#base";
import { compileComponent, composeComponents, type ComponentPlan, isComponent, type Loader } from "#engine";
import type { ComponentFacts } from "#spin";
import { linkImports } from "./link-imports.ts";

interface ComposeOptions {
  readonly compile: Parameters<typeof compileComponent>[1];
  readonly loader: Loader;
}

/**
 * Links a component to its dependencies, whose modules are in their order. Rejects with `unsupported` for a core module,
 * and as linkImports and the engine's linker.
 */
export async function composeDependencies(
  { id, dependencies }: Pick<ComponentFacts, "id" | "dependencies">,
  plan: ComponentPlan,
  modules: readonly Uint8Array<ArrayBuffer>[],
  { compile, loader }: ComposeOptions,
): Promise<ComponentPlan> {
  if (dependencies.length === 0) return plan;
  const imports = plan.imports.map(({ name }) => name);
  const links = linkImports(id, imports, dependencies);
  const parts = dependencies.map(async ({ name }, index) => {
    const bytes = modules[index] ?? new Uint8Array();
    if (!isComponent(bytes)) throw refuse(id, name);
    return { name, plan: await compileComponent(bytes, compile, loader), links: links[index] ?? new Map() };
  });
  return composeComponents(plan, await Promise.all(parts));
}

function refuse(id: string, name: string): KwasmError {
  return new KwasmError(
    "unsupported",
    `compose component "${id}": its dependency "${name}" is no component; build it for wasm32-wasip2`,
  );
}
