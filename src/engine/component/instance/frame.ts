import type { AbiContext, CoreFunction } from "../abi/context.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { ItemReference } from "../plan/steps.ts";
import { trap } from "../abi/trap.ts";
import type { InstanceState } from "./instance-state.ts";
import {
  type ComponentItem,
  type CoreExports,
  entryOf,
  type FunctionItem,
  type InstanceItem,
  type Item,
} from "./items.ts";

/** The lists of one component while an instance of it is made; each step adds to one of them. */
export class Frame {
  readonly state: InstanceState;
  /** The frame in which the component was defined, for what it takes from around it. */
  readonly outer: Frame | undefined;
  readonly functions: FunctionItem[] = [];
  readonly instances: InstanceItem[] = [];
  readonly components: ComponentItem[] = [];
  readonly modules: number[] = [];
  readonly coreFunctions: CoreFunction[] = [];
  readonly coreInstances: CoreExports[] = [];
  readonly coreMemories: WebAssembly.Memory[] = [];
  /** Tables, globals and tags, which are only handed on, by sort. */
  readonly coreTables: WebAssembly.ImportValue[] = [];
  readonly coreGlobals: WebAssembly.ImportValue[] = [];
  readonly coreTags: WebAssembly.ImportValue[] = [];
  readonly exports = new Map<string, Item>();
  /** Contexts that functions share, by the options that name them. */
  readonly contexts: (Pick<CanonOptions, "encoding" | "memory" | "realloc"> & { readonly context: AbiContext })[] = [];

  constructor(state: InstanceState, outer: Frame | undefined) {
    this.state = state;
    this.outer = outer;
  }

  item({ sort, index }: ItemReference): Item {
    switch (sort) {
      case "func":
        return { sort, item: entryOf(this.functions, index) };
      case "instance":
        return { sort, item: entryOf(this.instances, index) };
      case "component":
        return { sort, item: entryOf(this.components, index) };
      case "core module":
        return { sort, item: entryOf(this.modules, index) };
      case "type":
        return { sort, item: index < 0 ? undefined : this.state.resource(index) };
      default:
        throw trap(`an item of sort "${sort}" is handed on`);
    }
  }

  add(item: Item): void {
    switch (item.sort) {
      case "func":
        this.functions.push(item.item);
        return;
      case "instance":
        this.instances.push(item.item);
        return;
      case "component":
        this.components.push(item.item);
        return;
      case "core module":
        this.modules.push(item.item);
        return;
      case "type":
        return;
    }
  }

  coreItem({ sort, index }: ItemReference): WebAssembly.ImportValue {
    switch (sort) {
      case "core func":
        return entryOf(this.coreFunctions, index);
      case "core memory":
        return entryOf(this.coreMemories, index);
      case "core table":
        return entryOf(this.coreTables, index);
      case "core global":
        return entryOf(this.coreGlobals, index);
      default:
        return entryOf(this.coreTags, index);
    }
  }
}
