import { KwasmError } from "#base";
import { AbiContext, type CoreFunction } from "../abi/context.ts";
import { trap } from "../abi/trap.ts";
import type { CoreModules, HostModule } from "../core-modules.ts";
import type { CoreInstances } from "../instance/core-instances.ts";
import { Frame } from "../instance/frame.ts";
import { InstanceState } from "../instance/instance-state.ts";
import { coreFunction, type CoreExports, type Item } from "../instance/items.ts";
import { liftFunction } from "../instance/lift.ts";
import { lower } from "../instance/lower.ts";
import { bind, setOwn } from "../instance/make-instance.ts";
import { resourceDrop } from "../instance/resource-functions.ts";
import type { GuestModule } from "../../loader/index.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { HostImports } from "../values.ts";
import type { Store } from "../task/store.ts";
import type { MergedWorld } from "./merge-worlds.ts";
import type { ExportPlan, ImportPlan, ModulePlan } from "./plan-module.ts";

/** A module that becomes a component when an instance of it is made. */
export interface WorldModule {
  readonly module: GuestModule;
  readonly world: MergedWorld;
  readonly plan: ModulePlan;
}

interface InstanceParts {
  readonly imports: ReadonlyMap<string, Item>;
  readonly coreModules: CoreModules;
  readonly unknown: HostImports["unknown"];
  readonly core: CoreInstances;
  readonly store: Store;
}

/** The one memory and the one allocator of a module, at the places of a frame where options look for them. */
const options: CanonOptions = {
  encoding: "utf8",
  memory: 0,
  realloc: 0,
  postReturn: undefined,
  async: false,
  callback: undefined,
};

/** Makes an instance of a module as that of a component would be: the functions of its world over one core instance. */
export function makeModuleInstance({ module, world, plan }: WorldModule, parts: InstanceParts): Frame {
  const frame = new Frame(new InstanceState(undefined, parts.store, world.slotCount), undefined);
  for (const [name, bindings] of world.bindings) {
    const item = parts.imports.get(name);
    if (item !== undefined) bind(frame, item, bindings);
  }
  new ModuleInstance(frame, parts, plan.realloc).make(module, plan);
  return frame;
}

class ModuleInstance {
  readonly #frame: Frame;
  readonly #parts: InstanceParts;
  readonly #context: AbiContext;
  readonly #hostModules = new Map<string, HostModule | undefined>();
  readonly #reallocName: string | undefined;
  #exports: CoreExports = {};

  constructor(frame: Frame, parts: InstanceParts, realloc: string | undefined) {
    this.#reallocName = realloc;
    this.#frame = frame;
    this.#parts = parts;
    // What the module imports is linked before it has an allocator.
    const allocate: CoreFunction = (...parameters) => this.#exported(this.#reallocName ?? "")(...parameters);
    frame.coreFunctions.push(allocate);
    this.#context = new AbiContext(frame.state, { encoding: options.encoding, memory: undefined, realloc: allocate });
    frame.contexts.push({ ...options, context: this.#context });
  }

  make(module: GuestModule, plan: ModulePlan): void {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const entry of plan.imports) {
      if (!Object.hasOwn(imports, entry.module)) setOwn(imports, entry.module, {});
      setOwn(imports[entry.module] ?? {}, entry.name, this.#import(entry));
    }
    this.#exports = this.#parts.core.instantiate(module, imports);
    this.#bindMemory();
    // A reactor makes itself ready in here, before anything can suspend it.
    if (this.#exports["_initialize"] !== undefined) this.#exported("_initialize")();
    this.#addExports(plan.exports);
  }

  #import(entry: ImportPlan): WebAssembly.ImportValue {
    const { state } = this.#frame;
    if (entry.kind === "drop") return resourceDrop(state, entry.slot);
    if (entry.kind === "core") return this.#hostFunction(entry.module, entry.name);
    const { imports } = this.#parts;
    const from = entry.interfaceName === undefined ? undefined : imports.get(entry.interfaceName);
    const members =
      entry.interfaceName === undefined ? imports : from?.sort === "instance" ? from.item.exports : undefined;
    const item = members?.get(entry.member);
    if (item?.sort !== "func") throw trap(`the import "${entry.module}#${entry.name}" is missing`);
    return lower(item.item, entry.plan, this.#context, options);
  }

  #hostFunction(module: string, name: string): WebAssembly.ImportValue {
    const { coreModules, unknown } = this.#parts;
    const offered = this.#hostModules.get(module) ?? coreModules(module);
    this.#hostModules.set(module, offered);
    const value = offered !== undefined && Object.hasOwn(offered.imports, name) ? offered.imports[name] : undefined;
    if (value instanceof WebAssembly.Suspending) this.#frame.state.maySuspend = true;
    const given = value ?? unknown?.(`${module}#${name}`);
    if (given !== undefined) return given;
    throw new KwasmError("unsupported", `starting a component: the host does not offer function "${module}#${name}"`);
  }

  #bindMemory(): void {
    const memory = this.#exports["memory"];
    if (!(memory instanceof WebAssembly.Memory)) return;
    this.#frame.coreMemories.push(memory);
    this.#context.bindMemory(memory);
    for (const offered of this.#hostModules.values()) offered?.bind(memory);
  }

  #addExports(exports: readonly ExportPlan[]): void {
    const frame = this.#frame;
    const interfaces = new Map<string, Map<string, Item>>();
    for (const entry of exports) {
      const item: Item = { sort: "func", item: this.#lift(entry) };
      if (entry.interfaceName === undefined) {
        frame.exports.set(entry.name, item);
        continue;
      }
      const members = interfaces.get(entry.interfaceName) ?? new Map<string, Item>();
      interfaces.set(entry.interfaceName, members.set(entry.name, item));
    }
    for (const [name, members] of interfaces) frame.exports.set(name, { sort: "instance", item: { exports: members } });
  }

  #lift({ coreName, postReturn, plan }: ExportPlan): ReturnType<typeof liftFunction> {
    const frame = this.#frame;
    if (postReturn === undefined) return liftFunction(frame, plan, this.#exported(coreName), options);
    const index = frame.coreFunctions.push(this.#exported(postReturn)) - 1;
    return liftFunction(frame, plan, this.#exported(coreName), { ...options, postReturn: index });
  }

  #exported(name: string): CoreFunction {
    return coreFunction(Object.hasOwn(this.#exports, name) ? this.#exports[name] : undefined);
  }
}
