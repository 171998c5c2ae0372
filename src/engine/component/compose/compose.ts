import { KwasmError } from "#base";
import type { ComponentPlan } from "../component.ts";
import { resolveImports } from "../instance/host-imports.ts";
import type { Item } from "../instance/items.ts";
import { compatibilityKey } from "../types/extern-name.ts";
import { TypeMatcher } from "../types/matching.ts";
import { freshIdentities, Substitution } from "../types/substitution.ts";
import { TypeBudget } from "../types/type-budget.ts";
import type { ComponentType, ExternType, ResourceIdentity } from "../types/types.ts";
import type { HostImports } from "../values.ts";
import type { LinkPlace } from "./linkable.ts";
import { planOf } from "./plan-of.ts";

/** A component that stands for imports of another. */
export interface ComposedPart {
  /** By which the host knows it: see HostImports. */
  readonly name: string;
  readonly plan: ComponentPlan;
  /** Names of imports of the other component, with those of the exports that stand for them. */
  readonly links: ReadonlyMap<string, string>;
}

/**
 * Links components into one: each instance has an instance of every part, whose exports are the imports of the first one. What
 * is left is imported of the host. Nothing is written; types are compared as where a component instantiates others.
 * Throws `invalid-argument` for an export that is not there or does not fit.
 */
export function composeComponents(main: ComponentPlan, parts: readonly ComposedPart[]): ComponentPlan {
  const { linkable } = main;
  checkLinks(linkable.type, parts);
  const linked = new Set(parts.flatMap(({ links }) => [...links.keys()]));
  const imports = new Map(Array.from(linkable.type.imports).filter(([name]) => !linked.has(name)));
  const type: ComponentType = { ...linkable.type, imports };
  return planOf(
    { ...linkable, type },
    {
      itemsOf(offered, place) {
        const items = new Map(resolveImports(type, offered, place.store));
        for (const part of parts) {
          for (const [name, item] of instantiatePart(part, offered, place)) items.set(name, item);
        }
        return items;
      },
    },
  );
}

/** Makes an instance of a part and answers with what it gives for imports. */
function instantiatePart({ name, plan, links }: ComposedPart, offered: HostImports, place: LinkPlace) {
  const { linkable } = plan;
  const imports = offered.part?.(name) ?? offered;
  const made = linkable.make(resolveImports(linkable.type, imports, place.store), {
    ...place,
    unknown: imports.unknown,
  });
  return Array.from(links, ([wanted, given]): [string, Item] => {
    const item = made.exports.get(given);
    if (item !== undefined) return [wanted, item];
    throw new KwasmError("internal", `compose components: "${name}" lost its export "${given}"`);
  });
}

function checkLinks(main: ComponentType, parts: readonly ComposedPart[]): void {
  const budget = new TypeBudget();
  const shared = new SharedResources();
  const linked = new Map<string, Export>();
  const isLinked = new Set(parts.flatMap(({ links }) => [...links.keys()]));
  shared.add(main, (name) => !isLinked.has(name));
  for (const part of parts) {
    const exports = shared.translated(part.plan.linkable.type, budget);
    for (const [wanted, given] of part.links) {
      const extern = exports.get(given);
      if (extern === undefined) throw refuse(part.name, `does not export "${given}" for the import "${wanted}"`);
      linked.set(wanted, { part: part.name, name: given, extern });
    }
  }
  const matcher = new TypeMatcher(main.importedResources, budget);
  for (const [name, wanted] of main.imports) {
    const given = linked.get(name);
    const problem = matcher.extern(given?.extern ?? wanted, wanted);
    if (problem === undefined) continue;
    throw refuse(
      given?.part ?? name,
      `exports "${given?.name ?? ""}", which is not of the type of "${name}": ${problem}`,
    );
  }
}

interface Export {
  readonly part: string;
  readonly name: string;
  readonly extern: ExternType;
}

/**
 * Resources that components import of the host. Two that import one of the same interface, or of a compatible version, mean
 * the same, whatever their types call it.
 */
class SharedResources {
  readonly #known = new Map<string, ResourceIdentity>();

  /** Takes note of those of one component, of the imports that are the host's. */
  add({ imports }: ComponentType, isOfHost: (name: string) => boolean): Map<ResourceIdentity, ResourceIdentity> {
    const identities = new Map<ResourceIdentity, ResourceIdentity>();
    for (const [name, extern] of imports) {
      if (extern.kind !== "instance" || !isOfHost(name)) continue;
      for (const [member, { kind, type }] of extern.type.exports) {
        if (kind !== "type" || type.kind !== "resource" || identities.has(type.identity)) continue;
        const key = `${compatibilityKey(name)}#${member}`;
        const known = this.#known.get(key) ?? type.identity;
        this.#known.set(key, known);
        identities.set(type.identity, known);
      }
    }
    return identities;
  }

  /** What a component exports, with the resources of the host as others know them. */
  translated(type: ComponentType, budget: TypeBudget): ReadonlyMap<string, ExternType> {
    const ofHost = this.add(type, () => true);
    // Those of its own are others with each part, also where two parts share their types.
    const identities = new Map([...ofHost, ...freshIdentities(type.instance.resources)]);
    return new Substitution(identities, budget).instance(type.instance).exports;
  }
}

function refuse(part: string, problem: string): KwasmError {
  return new KwasmError("invalid-argument", `compose components: dependency "${part}" ${problem}`);
}
