import { createMemoryPool } from "../guest/memory-pool.ts";
import { SharedValues } from "#base";
import { createLoader, type GuestModule, type Loader, type ModuleLayout } from "../loader/index.ts";
import type { CompileOptions, ComponentPlan } from "./component.ts";
import type { Linkable } from "./compose/linkable.ts";
import { factsOfPlan, type PlanFacts, planOf } from "./compose/plan-of.ts";
import type { ComponentSteps } from "./plan/steps.ts";
import type { ComponentType } from "./types/types.ts";
import { CoreInstances } from "./instance/core-instances.ts";
import { makeInstance } from "./instance/make-instance.ts";
import { readOutline } from "./parser/component-outline.ts";
import { parseComponent } from "./parser/parse-component.ts";
import { validateComponent } from "./validate/component.ts";

/** One for the thread: memories of every component are alike once they are zero. */
const threadPool = createMemoryPool();

/** What components have in common that differ in what their core modules compute only. */
interface ComponentForm {
  readonly type: ComponentType;
  readonly steps: ComponentSteps;
  readonly facts: PlanFacts;
}

/** Of this thread: applications of one toolchain are often of one form, which weighs more than all else of a small one. */
const threadForms = new SharedValues<ComponentForm>();

/**
 * Reads, checks and plans a component, and has V8 compile its core modules. The bytes are not kept. Rejects with a
 * KwasmError that says what is wrong and where.
 */
export async function compileComponent(
  bytes: Uint8Array,
  options: CompileOptions,
  loader: Loader = createLoader(),
): Promise<ComponentPlan> {
  const { form, modules } = checkForm(bytes);
  const { type, steps, facts } = form;
  const compiled: GuestModule[] = [];
  for (const module of modules) compiled.push(await loader.load(module.bytes, options));
  const linkable: Linkable = {
    type,
    createCore: () => new CoreInstances(options.memoryBytesMax, threadPool),
    make(imports, { core, store }) {
      const world = { modules: compiled, core, store };
      return makeInstance(steps, imports, world, { parent: undefined, definedIn: undefined });
    },
  };
  return planOf(linkable, { facts });
}

/** A component whose outline is that of one that is there has the same types and steps, and so is as valid. */
function checkForm(bytes: Uint8Array): { form: ComponentForm; modules: readonly ModuleLayout[] } {
  const { key, modules } = readOutline(bytes);
  const form = threadForms.share(key, () => {
    const { steps, type } = validateComponent(parseComponent(bytes), bytes, modules);
    return { steps, type, facts: factsOfPlan(type) };
  });
  return { form, modules };
}
