import type { FunctionPlan } from "../abi/function-plan.ts";
import type { ElementPlan } from "../abi/plan-list.ts";
import type { CanonOptions, CanonSource, Sort } from "../parser/definitions.ts";
import type { ChannelType } from "../types/types.ts";

/**
 * A component as the order of what making an instance of it does. Everything is looked up and checked; the numbers are
 * positions in the lists of the instance that is being made, one list for each sort.
 */
export interface ComponentSteps {
  readonly steps: readonly Step[];
  /** How many resource types the types of this component tell apart. */
  readonly slots: number;
}

/** Where a resource type is found in an instance, and where the component keeps it. */
export interface SlotBinding {
  /** Names of exports from the outside in; none where the item is the resource type itself. */
  readonly path: readonly string[];
  readonly slot: number;
}

/** Something of a sort; types of resources are referred to by their slots, other types are nothing at run time. */
export interface ItemReference {
  readonly sort: Sort;
  readonly index: number;
}

export interface NamedItem extends ItemReference {
  readonly name: string;
}

export type Step =
  | { readonly kind: "module"; readonly module: number }
  | { readonly kind: "core instantiate"; readonly module: number; readonly arguments: readonly NamedItem[] }
  | { readonly kind: "core exports"; readonly exports: readonly NamedItem[] }
  | { readonly kind: "core alias"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: "component"; readonly component: ComponentSteps }
  | {
      readonly kind: "instantiate";
      readonly component: number;
      readonly arguments: readonly NamedItem[];
      readonly bindings: readonly SlotBinding[];
    }
  | { readonly kind: "exports"; readonly exports: readonly NamedItem[] }
  | { readonly kind: "alias"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: "outer"; readonly sort: Sort; readonly count: number; readonly index: number }
  | { readonly kind: "resource"; readonly slot: number; readonly name: string; readonly destructor: number | undefined }
  | { readonly kind: "import"; readonly name: string; readonly sort: Sort; readonly bindings: readonly SlotBinding[] }
  | {
      readonly kind: "export";
      readonly name: string;
      readonly item: ItemReference;
      readonly bindings: readonly SlotBinding[];
    }
  | {
      readonly kind: "lift" | "lower";
      readonly function: number;
      readonly plan: FunctionPlan;
      readonly options: CanonOptions;
    }
  | { readonly kind: "resource.new" | "resource.drop" | "resource.rep"; readonly slot: number }
  | BuiltinStep;

/** A function of the linker's own for components that wait. */
export interface BuiltinStep {
  readonly kind: "built-in";
  readonly canon: BuiltinSource;
  /** The type of a stream or a future that the function names, and how its elements travel. */
  readonly channel: ChannelType | undefined;
  readonly elements: ElementPlan | undefined;
  /** What a task returns, as the one parameter of a function; none where it returns nothing. */
  readonly returned: FunctionPlan | undefined;
}

/** Canonical functions that neither lift nor lower and know of no resource. */
export type BuiltinSource = Exclude<
  CanonSource,
  { readonly kind: "lift" | "lower" | "resource.new" | "resource.drop" | "resource.rep" }
>;
