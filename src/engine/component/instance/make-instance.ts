import type { CoreFunction } from "../abi/context.ts";
import { trap } from "../abi/trap.ts";
import type { GuestModule } from "../../loader/index.ts";
import type { ComponentSteps, NamedItem, SlotBinding, Step } from "../plan/steps.ts";
import { builtinFunction } from "../task/builtin-functions.ts";
import type { Store } from "../task/store.ts";
import type { CoreInstances } from "./core-instances.ts";
import { Frame } from "./frame.ts";
import { InstanceState } from "./instance-state.ts";
import { coreFunction, type CoreExports, entryOf, type Item } from "./items.ts";
import { contextOf, liftFunction, liftTask, sharedContextOf } from "./lift.ts";
import { lower } from "./lower.ts";
import { RuntimeResource } from "./resource.ts";
import { resourceDrop, resourceNew, resourceRepresentation } from "./resource-functions.ts";

/** What all instances of one component tree share while they are made. */
export interface World {
  readonly modules: readonly GuestModule[];
  readonly core: CoreInstances;
  readonly store: Store;
}

/** Makes an instance of a component: does its steps one after the other. */
export function makeInstance(
  steps: ComponentSteps,
  imports: ReadonlyMap<string, Item>,
  world: World,
  around: { readonly parent: InstanceState | undefined; readonly definedIn: Frame | undefined },
): Frame {
  world.core.count();
  const frame = new Frame(new InstanceState(around.parent, world.store, steps.slots), around.definedIn);
  const maker = new InstanceMaker(frame, imports, world);
  for (const step of steps.steps) maker.do(step);
  return frame;
}

class InstanceMaker {
  readonly #frame: Frame;
  readonly #imports: ReadonlyMap<string, Item>;
  readonly #world: World;

  constructor(frame: Frame, imports: ReadonlyMap<string, Item>, world: World) {
    this.#frame = frame;
    this.#imports = imports;
    this.#world = world;
  }

  do(step: Step): void {
    const frame = this.#frame;
    switch (step.kind) {
      case "module":
        frame.modules.push(step.module);
        return;
      case "core instantiate":
        this.#instantiateCore(step.module, step.arguments);
        return;
      case "core exports":
        frame.coreInstances.push(this.#coreExports(step.exports));
        return;
      case "core alias":
        this.#coreAlias(step);
        return;
      case "component":
        frame.components.push({ steps: step.component, definedIn: frame });
        return;
      case "instantiate":
        this.#instantiate(step);
        return;
      case "exports":
        frame.instances.push({ exports: this.#items(step.exports) });
        return;
      case "alias":
        frame.add(exportOf(frame, step));
        return;
      case "outer":
        frame.add(this.#outer(step.count).item({ sort: step.sort, index: step.index }));
        return;
      case "resource":
        this.#defineResource(step);
        return;
      case "import":
        this.#import(step);
        return;
      case "export": {
        const item = frame.item(step.item);
        bind(frame, item, step.bindings);
        frame.exports.set(step.name, item);
        frame.add(item);
        return;
      }
      default:
        this.#canon(step);
    }
  }

  #canon(
    step: Extract<Step, { kind: "lift" | "lower" | "resource.new" | "resource.drop" | "resource.rep" | "built-in" }>,
  ): void {
    const frame = this.#frame;
    switch (step.kind) {
      case "lift": {
        const callee = coreFunction(entryOf(frame.coreFunctions, step.function));
        const lift = step.plan.type.async ? liftTask : liftFunction;
        frame.functions.push(lift(frame, step.plan, callee, step.options));
        return;
      }
      case "lower": {
        const callee = entryOf(frame.functions, step.function);
        const context = step.plan.type.async ? contextOf(frame, step.options) : sharedContextOf(frame, step.options);
        frame.coreFunctions.push(lower(callee, step.plan, context, step.options));
        return;
      }
      case "resource.new":
        frame.coreFunctions.push(resourceNew(frame.state, step.slot));
        return;
      case "resource.drop":
        frame.coreFunctions.push(resourceDrop(frame.state, step.slot));
        return;
      case "resource.rep":
        frame.coreFunctions.push(resourceRepresentation(frame.state, step.slot));
        return;
      case "built-in":
        frame.coreFunctions.push(builtinFunction(step, frame, contextOf));
        return;
    }
  }

  #instantiateCore(module: number, given: readonly NamedItem[]): void {
    const frame = this.#frame;
    const imports: Record<string, CoreExports> = {};
    for (const { name, index } of given) setOwn(imports, name, entryOf(frame.coreInstances, index));
    const guest = entryOf(this.#world.modules, entryOf(frame.modules, module));
    frame.coreInstances.push(this.#world.core.instantiate(guest, imports));
  }

  #coreExports(entries: readonly NamedItem[]): CoreExports {
    const exports: Record<string, WebAssembly.ImportValue> = {};
    for (const entry of entries) setOwn(exports, entry.name, this.#frame.coreItem(entry));
    return exports;
  }

  #coreAlias({ sort, instance, name }: Extract<Step, { kind: "core alias" }>): void {
    const frame = this.#frame;
    const value = entryOf(frame.coreInstances, instance)[name];
    if (value === undefined) throw trap(`an instance lacks its export "${name}"`);
    if (sort === "core func") frame.coreFunctions.push(value as CoreFunction);
    else if (sort === "core memory" && value instanceof WebAssembly.Memory) frame.coreMemories.push(value);
    else if (sort === "core table") frame.coreTables.push(value);
    else if (sort === "core global") frame.coreGlobals.push(value);
    else frame.coreTags.push(value);
  }

  #instantiate({ component, arguments: given, bindings }: Extract<Step, { kind: "instantiate" }>): void {
    const frame = this.#frame;
    const { steps, definedIn } = entryOf(frame.components, component);
    const made = makeInstance(steps, this.#items(given), this.#world, { parent: frame.state, definedIn });
    const item: Item = { sort: "instance", item: { exports: made.exports } };
    bind(frame, item, bindings);
    frame.add(item);
  }

  #items(entries: readonly NamedItem[]): Map<string, Item> {
    return new Map(entries.map((entry) => [entry.name, this.#frame.item(entry)]));
  }

  /** The frame so many components outwards. */
  #outer(count: number): Frame {
    let frame = this.#frame;
    for (let left = count; left > 0; left -= 1) {
      if (frame.outer === undefined) throw trap("an outer alias leads nowhere");
      frame = frame.outer;
    }
    return frame;
  }

  #defineResource({ slot, name, destructor }: Extract<Step, { kind: "resource" }>): void {
    const { state, coreFunctions } = this.#frame;
    const destroy = destructor === undefined ? undefined : coreFunction(entryOf(coreFunctions, destructor));
    state.resources[slot] = new RuntimeResource(name, state, destroy as RuntimeResource["destroy"]);
  }

  #import({ name, bindings }: Extract<Step, { kind: "import" }>): void {
    const item = this.#imports.get(name);
    if (item === undefined) throw trap(`the import "${name}" is missing`);
    bind(this.#frame, item, bindings);
    this.#frame.add(item);
  }
}

/** Names are a guest's: one such as "__proto__" is a property as any other. */
export function setOwn<T>(object: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true });
  else object[name] = value;
}

function exportOf(frame: Frame, { instance, name }: { instance: number; name: string }): Item {
  const item = entryOf(frame.instances, instance).exports.get(name);
  if (item === undefined) throw trap(`an instance lacks its export "${name}"`);
  return item;
}

/** Keeps the resource types that came with an item. */
export function bind(frame: Frame, item: Item, bindings: readonly SlotBinding[]): void {
  for (const { path, slot } of bindings) {
    let found: Item | undefined = item;
    for (const name of path) found = found?.sort === "instance" ? found.item.exports.get(name) : undefined;
    if (found?.sort !== "type" || found.item === undefined) {
      throw trap(`a resource type is missing: "${path.join(" ")}"`);
    }
    frame.state.resources[slot] = found.item;
  }
}
