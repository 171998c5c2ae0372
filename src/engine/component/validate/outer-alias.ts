import { invalidComponent } from "../parser/component-reader.ts";
import type { AliasSource } from "../parser/definitions.ts";
import type { CoreFunctionType, ModuleType } from "../types/core-types.ts";
import type { ComponentType, DefinedType, InstanceType } from "../types/types.ts";
import { at, type Scope } from "./scope.ts";

export type OuterItem =
  | { readonly sort: "type"; readonly type: DefinedType }
  | { readonly sort: "core type"; readonly type: CoreFunctionType | ModuleType }
  | { readonly sort: "component"; readonly type: ComponentType }
  | { readonly sort: "core module"; readonly type: ModuleType };

type OuterAlias = Extract<AliasSource, { kind: "alias outer" }>;

/** What an alias of an enclosing scope means. A type that has resources belongs to its component and does not leave it. */
export function resolveOuter({ sort, count, index }: OuterAlias, scope: Scope, offset: number): OuterItem {
  let target = scope;
  let crossesComponent = false;
  for (let left = count; left > 0; left -= 1) {
    crossesComponent ||= target.kind === "component";
    if (target.parent === undefined) throw invalidComponent(offset, `invalid outer alias count of "${count}"`);
    target = target.parent;
  }
  switch (sort) {
    case "type": {
      const type = at(target.types, index, "type", offset);
      if (crossesComponent && refersToResources(type)) {
        throw invalidComponent(offset, "the outer type transitively refers to resources");
      }
      if (refersToResources(type)) scope.outward = Math.max(scope.outward, count + outwardOf(type));
      return { sort, type };
    }
    case "core type":
      return { sort, type: at(target.coreTypes, index, "core type", offset) };
    case "component":
      return { sort, type: at(target.components, index, "component", offset) };
    case "core module":
      return { sort, type: at(target.modules, index, "core module", offset) };
    default:
      throw invalidComponent(offset, `an outer item of sort "${sort}" is not a module, type, or component`);
  }
}

/** Types of instances and components have resources within themselves; only those of other scopes count. */
function refersToResources(type: DefinedType): boolean {
  return isScoped(type) ? type.outward > 0 : type.hasResource;
}

function outwardOf(type: DefinedType): number {
  return isScoped(type) ? type.outward : 0;
}

function isScoped(type: DefinedType): type is InstanceType | ComponentType {
  return type.kind === "instance type" || type.kind === "component type";
}
