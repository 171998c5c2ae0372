import { invalidComponent } from "../parser/component-reader.ts";
import type { Definition, NamedExport, NamedIndex, SortIndex } from "../parser/definitions.ts";
import type { ItemReference, NamedItem, Step } from "../plan/steps.ts";
import { type CoreExternType, coreExternMatches } from "../types/core-types.ts";
import { factsOfExterns } from "../types/make-type.ts";
import { TypeMatcher } from "../types/matching.ts";
import { freshIdentities, Substitution } from "../types/substitution.ts";
import type { ExternType, InstanceType } from "../types/types.ts";
import { bindingsOf } from "./bindings.ts";
import { ExternScope } from "./extern-scope.ts";
import { at, type Scope } from "./scope.ts";

/** What an index of a sort means in a scope. */
export function itemOf({ sort, index }: SortIndex, scope: Scope, offset: number): ExternType {
  switch (sort) {
    case "func":
      return { kind: "func", type: at(scope.functions, index, "function", offset) };
    case "type":
      return { kind: "type", type: at(scope.types, index, "type", offset) };
    case "component":
      return { kind: "component", type: at(scope.components, index, "component", offset) };
    case "instance":
      return { kind: "instance", type: at(scope.instances, index, "instance", offset) };
    case "core module":
      return { kind: "core module", type: at(scope.modules, index, "core module", offset) };
    default:
      throw invalidComponent(offset, `an item of sort "${sort}" cannot be exported`);
  }
}

/** How a step refers to an item: types are there at run time only where they are resources. */
export function referenceTo({ sort, index }: SortIndex, scope: Scope, offset: number): ItemReference {
  if (sort !== "type") return { sort, index };
  const type = at(scope.types, index, "type", offset);
  return { sort, index: type.kind === "resource" ? scope.slotOf(type.identity) : -1 };
}

function coreItemOf({ sort, index }: SortIndex, scope: Scope, offset: number): CoreExternType {
  switch (sort) {
    case "core func":
      return at(scope.coreFunctions, index, "core function", offset);
    case "core table":
      return at(scope.coreTables, index, "core table", offset);
    case "core memory":
      return at(scope.coreMemories, index, "core memory", offset);
    case "core global":
      return at(scope.coreGlobals, index, "core global", offset);
    case "core tag":
      return at(scope.coreTags, index, "core tag", offset);
    default:
      throw invalidComponent(offset, `an item of sort "${sort}" cannot be exported from a core instance`);
  }
}

export function coreExportsStep(exports: readonly NamedIndex[], scope: Scope, offset: number): Step {
  const types = new Map<string, CoreExternType>();
  for (const entry of exports) {
    if (types.has(entry.name)) throw invalidComponent(offset, `export name "${entry.name}" already defined`);
    types.set(entry.name, coreItemOf(entry, scope, offset));
  }
  scope.coreInstances.push(types);
  return { kind: "core exports", exports };
}

export function coreInstantiateStep(
  { module: index, arguments: given, offset }: Extract<Definition, { kind: "core instantiate" }>,
  scope: Scope,
): Step {
  const type = at(scope.modules, index, "core module", offset);
  const instances = new Map<string, ReadonlyMap<string, CoreExternType>>();
  for (const argument of given) {
    if (instances.has(argument.name)) {
      throw invalidComponent(offset, `duplicate module instantiation argument named "${argument.name}"`);
    }
    instances.set(argument.name, at(scope.coreInstances, argument.index, "core instance", offset));
  }
  for (const { module, name, type: wanted } of type.imports) {
    const instance = instances.get(module);
    if (instance === undefined) {
      throw invalidComponent(offset, `missing module instantiation argument named "${module}"`);
    }
    const actual = instance.get(name);
    if (actual === undefined) {
      throw invalidComponent(
        offset,
        `module instantiation argument "${module}" does not export an item named "${name}"`,
      );
    }
    if (!coreExternMatches(actual, wanted)) {
      throw invalidComponent(offset, `type mismatch for export "${name}" of module instantiation argument "${module}"`);
    }
  }
  scope.coreInstances.push(type.exports);
  return { kind: "core instantiate", module: index, arguments: given };
}

export function exportsStep(entries: readonly NamedExport[], scope: Scope, offset: number): Step {
  const names = new ExternScope("export", scope.budget, { requiresNames: false });
  for (const entry of entries) names.add(entry.extern, itemOf(entry, scope, offset), offset);
  const exports = names.entries;
  const type: InstanceType = {
    kind: "instance type",
    exports,
    resources: [],
    outward: 0,
    ...factsOfExterns(exports.values()),
  };
  scope.instances.push(type);
  const named = entries.map((entry) => ({ name: entry.extern.name, ...entry }));
  return { kind: "exports", exports: namedItems(named, scope, offset) };
}

function namedItems(entries: readonly NamedIndex[], scope: Scope, offset: number): NamedItem[] {
  return entries.map((entry) => ({ name: entry.name, ...referenceTo(entry, scope, offset) }));
}

/** Each import is given something that fits; its resources are from then on those that it was given. */
export function instantiateStep(
  { component: index, arguments: given, offset }: Extract<Definition, { kind: "instantiate" }>,
  scope: Scope,
): Step {
  const type = at(scope.components, index, "component", offset);
  const items = new Map<string, ExternType>();
  for (const argument of given) {
    if (items.has(argument.name)) {
      throw invalidComponent(offset, `instantiation argument "${argument.name}" conflicts with previous argument`);
    }
    items.set(argument.name, itemOf(argument, scope, offset));
  }
  const matcher = new TypeMatcher(type.importedResources, scope.budget);
  for (const [name, wanted] of type.imports) {
    const actual = items.get(name);
    if (actual === undefined) throw invalidComponent(offset, `missing import named "${name}"`);
    const problem = matcher.extern(actual, wanted);
    if (problem !== undefined) throw invalidComponent(offset, `type mismatch for import "${name}": ${problem}`);
  }
  const fresh = freshIdentities(type.instance.resources);
  const identities = new Map([...matcher.bindings, ...fresh]);
  const made = {
    ...new Substitution(identities, scope.budget, matcher.replacements).instance(type.instance),
    resources: [],
  };
  const resources = Array.from(fresh.values());
  scope.ownResources.push(...resources);
  const named = namedItems(given, scope, offset);
  scope.instances.push(made);
  const bindings = bindingsOf({ kind: "instance", type: made }, resources, scope);
  return { kind: "instantiate", component: index, arguments: named, bindings };
}
