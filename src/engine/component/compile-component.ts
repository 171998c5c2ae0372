import { createMemoryPool } from "../guest/memory-pool.ts";
import { SharedValues } from "#base";
import { createLoader, type GuestModule, type Loader, type ModuleLayout } from "../loader/index.ts";
import type { CompileOptions, ComponentPlan } from "./component.ts";
import { externNamesOf, functionsOfExports } from "./describe-component.ts";
import { CoreInstances } from "./instance/core-instances.ts";
import { resolveImports } from "./instance/host-imports.ts";
import type { Item } from "./instance/items.ts";
import { linkedComponent } from "./instance/linked-component.ts";
import { makeInstance } from "./instance/make-instance.ts";
import type { Frame } from "./instance/frame.ts";
import { readOutline } from "./parser/component-outline.ts";
import { parseComponent } from "./parser/parse-component.ts";
import type { ComponentType } from "./types/types.ts";
import { validateComponent } from "./validate/component.ts";
import { Store } from "./task/store.ts";
import type { ComponentSteps } from "./plan/steps.ts";

/** One for the thread: memories of every component are alike once they are zero. */
const threadPool = createMemoryPool();

/** What components have in common that differ in what their core modules compute only. */
interface ComponentForm extends Pick<ComponentPlan, "imports" | "exports" | "functions"> {
  readonly type: ComponentType;
  readonly steps: ComponentSteps;
}

/** Of this thread: applications of one toolchain are often of one form, which weighs more than all else of a small one. */
const threadForms = new SharedValues<ComponentForm>();

/** A component that was checked, with its core modules compiled. */
interface CompiledComponent {
  readonly form: ComponentForm;
  readonly modules: readonly GuestModule[];
  readonly memoryBytesMax: number;
}

/**
 * Reads, checks and plans a component, and has V8 compile its core modules. The bytes are not kept. Rejects with a
 * KwasmError that says what is wrong and where.
 */
export async function compileComponent(
  bytes: Uint8Array,
  options: CompileOptions,
  loader: Loader = createLoader(),
): Promise<ComponentPlan> {
  const component = await checkComponent(bytes, options, loader);
  const { type, imports: imported, exports, functions } = component.form;
  return {
    imports: imported,
    exports,
    functions,
    instantiate(imports, supervision) {
      const store = new Store(supervision);
      const { frame, core } = instantiate(component, resolveImports(type, imports, store), store);
      return linkedComponent(frame, core);
    },
  };
}

async function checkComponent(bytes: Uint8Array, options: CompileOptions, loader: Loader): Promise<CompiledComponent> {
  const { form, modules } = checkForm(bytes);
  const compiled: GuestModule[] = [];
  for (const module of modules) compiled.push(await loader.load(module.bytes, options));
  return { form, modules: compiled, memoryBytesMax: options.memoryBytesMax };
}

/** A component whose outline is that of one that is there has the same types and steps, and so is as valid. */
function checkForm(bytes: Uint8Array): { form: ComponentForm; modules: readonly ModuleLayout[] } {
  const { key, modules } = readOutline(bytes);
  const form = threadForms.share(key, () => {
    const { steps, type } = validateComponent(parseComponent(bytes), bytes, modules);
    return { steps, type, ...externNamesOf(type), functions: functionsOfExports(type) };
  });
  return { form, modules };
}

/** Makes an instance of what was compiled, with items for all that it imports. */
function instantiate(
  { form: { steps }, modules, memoryBytesMax }: CompiledComponent,
  imports: ReadonlyMap<string, Item>,
  store: Store,
): { frame: Frame; core: CoreInstances } {
  const core = new CoreInstances(memoryBytesMax, threadPool);
  const frame = makeInstance(steps, imports, { modules, core, store }, { parent: undefined, definedIn: undefined });
  return { frame, core };
}
