import { invalidComponent } from "../parser/component-reader.ts";
import type { CoreExternType, CoreFunctionType, ModuleType } from "../types/core-types.ts";
import { freshIdentities, Substitution } from "../types/substitution.ts";
import type { TypeBudget } from "../types/type-budget.ts";
import {
  type ComponentType,
  type DefinedType,
  type ExternType,
  type FunctionType,
  type InstanceType,
  isValueType,
  type ResourceIdentity,
  type ResourceType,
  type ValueType,
} from "../types/types.ts";
import { ExternScope } from "./extern-scope.ts";

export type CoreInstanceType = ReadonlyMap<string, CoreExternType>;

type CoreMemoryType = Extract<CoreExternType, { kind: "memory" }>;
type CoreTableType = Extract<CoreExternType, { kind: "table" }>;

export type ScopeKind = "component" | "component type" | "instance type";

/** The index spaces of a component or of a type of one, filled definition by definition. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  readonly budget: TypeBudget;
  readonly types: DefinedType[] = [];
  readonly coreTypes: (CoreFunctionType | ModuleType)[] = [];
  readonly functions: FunctionType[] = [];
  readonly instances: InstanceType[] = [];
  readonly components: ComponentType[] = [];
  readonly modules: ModuleType[] = [];
  readonly coreInstances: CoreInstanceType[] = [];
  readonly coreFunctions: CoreFunctionType[] = [];
  readonly coreTables: CoreTableType[] = [];
  readonly coreMemories: CoreMemoryType[] = [];
  readonly coreGlobals: CoreExternType[] = [];
  readonly coreTags: CoreExternType[] = [];
  readonly imports: ExternScope;
  readonly exports: ExternScope;
  /** Resources that came in with imports. */
  readonly importedResources: ResourceIdentity[] = [];
  /** Resources that are new with each instance: defined here, or made by instances that are made here. */
  readonly ownResources: ResourceIdentity[] = [];
  /** The core types of the resources that this component defines. */
  readonly defined = new Map<ResourceIdentity, string>();
  /** How many scopes outwards the furthest resource is that something here refers to. */
  outward = 0;
  readonly #slots = new Map<ResourceIdentity, number>();

  constructor(kind: ScopeKind, parent: Scope | undefined, budget: TypeBudget) {
    this.kind = kind;
    this.parent = parent;
    this.budget = budget;
    const requiresNames = kind !== "instance type";
    this.imports = new ExternScope("import", budget, { requiresNames });
    this.exports = new ExternScope("export", budget, { outer: this.imports, requiresNames });
  }

  /** The slot of a resource; the first time that it is asked for, one is made. */
  slotOf(identity: ResourceIdentity): number {
    const known = this.#slots.get(identity);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(identity, slot);
    return slot;
  }

  get slotCount(): number {
    return this.#slots.size;
  }

  /** The type with new resources for those that each instance of it has of its own; they are added to `resources`. */
  open(type: InstanceType, resources: ResourceIdentity[]): InstanceType {
    const fresh = freshIdentities(type.resources);
    resources.push(...fresh.values());
    return { ...new Substitution(fresh, this.budget).instance(type), resources: [] };
  }

  /** The type of something that is imported or exported here, its resources being this scope's. */
  openExtern(extern: ExternType, resources: ResourceIdentity[]): ExternType {
    return extern.kind === "instance" ? { kind: "instance", type: this.open(extern.type, resources) } : extern;
  }

  /** Adds something to the index space of its sort. */
  add(extern: ExternType): void {
    switch (extern.kind) {
      case "core module":
        this.modules.push(extern.type);
        return;
      case "func":
        this.functions.push(extern.type);
        return;
      case "type":
        this.types.push(extern.type);
        return;
      case "instance":
        this.instances.push(extern.type);
        return;
      case "component":
        this.components.push(extern.type);
    }
  }

  addCore(extern: CoreExternType): void {
    switch (extern.kind) {
      case "func":
        this.coreFunctions.push(extern);
        return;
      case "table":
        this.coreTables.push(extern);
        return;
      case "memory":
        this.coreMemories.push(extern);
        return;
      case "global":
        this.coreGlobals.push(extern);
        return;
      case "tag":
        this.coreTags.push(extern);
    }
  }

  value(index: number, offset: number): ValueType {
    const type = at(this.types, index, "type", offset);
    if (!isValueType(type)) throw invalidComponent(offset, `type "${index}" is not a defined type`);
    return type;
  }

  resource(index: number, offset: number): ResourceType {
    const type = at(this.types, index, "type", offset);
    if (type.kind !== "resource") throw invalidComponent(offset, `type "${index}" is not a resource type`);
    return type;
  }

  functionType(index: number, offset: number): FunctionType {
    const type = at(this.types, index, "type", offset);
    if (type.kind !== "function") throw invalidComponent(offset, `type "${index}" is not a function type`);
    return type;
  }
}

/** An entry of an index space, or the error that there is none. */
export function at<T>(space: readonly T[], index: number, what: string, offset: number): T {
  const entry = space[index];
  if (entry === undefined) throw invalidComponent(offset, `there is no ${what} of index "${index}"`);
  return entry;
}
