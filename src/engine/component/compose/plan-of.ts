import type { ComponentPlan } from "../component.ts";
import type { CoreModules } from "../core-modules.ts";
import { externNamesOf, functionsOfExports } from "../describe-component.ts";
import { resolveImports } from "../instance/host-imports.ts";
import { linkedComponent } from "../instance/linked-component.ts";
import { Store } from "../task/store.ts";
import type { Item } from "../instance/items.ts";
import type { ComponentType } from "../types/types.ts";
import type { HostImports } from "../values.ts";
import type { Linkable, LinkPlace } from "./linkable.ts";

const noModules: CoreModules = () => undefined;

/** What a plan says of a component. */
export type PlanFacts = Pick<ComponentPlan, "imports" | "exports" | "functions">;

export function factsOfPlan(type: ComponentType): PlanFacts {
  return { ...externNamesOf(type), functions: functionsOfExports(type) };
}

interface PlanOptions {
  /** Where several components have them in common. */
  readonly facts?: PlanFacts;
  /** Finds what instances are given: of the host, or of other instances. */
  readonly itemsOf?: (imports: HostImports, place: LinkPlace) => ReadonlyMap<string, Item>;
}

export function planOf(linkable: Linkable, { facts, itemsOf }: PlanOptions = {}): ComponentPlan {
  const { type } = linkable;
  const find = itemsOf ?? ((imports, { store }) => resolveImports(type, imports, store));
  const { imports: imported, exports, functions } = facts ?? factsOfPlan(type);
  return {
    imports: imported,
    exports,
    functions,
    linkable,
    instantiate(imports, supervision, coreModules = noModules) {
      const { unknown } = imports;
      const place = { core: linkable.createCore(), store: new Store(supervision), coreModules, unknown };
      return linkedComponent(linkable.make(find(imports, place), place), place.core);
    },
  };
}
