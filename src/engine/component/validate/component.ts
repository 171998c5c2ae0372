import { AbiPlanner } from "../abi/planner.ts";
import { type ModuleLayout, parseModule } from "../../loader/index.ts";
import { invalidComponent } from "../parser/component-reader.ts";
import type { AliasSource, ComponentSource, Definition, ExternTypeSource } from "../parser/definitions.ts";
import type { ComponentSteps, Step } from "../plan/steps.ts";
import { TypeMatcher } from "../types/matching.ts";
import { duplicateImport, readModuleType } from "../types/module-type.ts";
import { TypeBudget } from "../types/type-budget.ts";
import type { ComponentType, ExternType, ResourceIdentity } from "../types/types.ts";
import { validateCanon } from "./canon.ts";
import { bindingsOf } from "./bindings.ts";
import { defineCoreType } from "./define-core-types.ts";
import { componentTypeOf, defineType, exportOf, externTypeOf, renamed } from "./define-types.ts";
import { resolveOuter } from "./outer-alias.ts";
import { at, Scope } from "./scope.ts";
import {
  coreExportsStep,
  coreInstantiateStep,
  exportsStep,
  instantiateStep,
  itemOf,
  referenceTo,
} from "./instances.ts";

/** A component that keeps to the specification. */
export interface ValidComponent {
  readonly steps: ComponentSteps;
  readonly type: ComponentType;
  /** Core modules by the numbers that steps refer to; V8 has not seen them. */
  readonly modules: readonly ModuleLayout[];
}

/**
 * Checks a whole component, types and all, and turns it into the steps of making an instance. Of its core modules those that were read
 * before are not read again: `layouts` has them in the order of the file.
 */
export function validateComponent(
  source: ComponentSource,
  bytes: Uint8Array,
  layouts: readonly ModuleLayout[] = [],
): ValidComponent {
  const file: File = { bytes, layouts, modules: [], budget: new TypeBudget() };
  const { steps, type } = new ComponentValidator(file, undefined).validate(source);
  return { steps, type, modules: file.modules };
}

interface File {
  readonly bytes: Uint8Array;
  readonly layouts: readonly ModuleLayout[];
  readonly modules: ModuleLayout[];
  readonly budget: TypeBudget;
}

class ComponentValidator {
  readonly #file: File;
  readonly #scope: Scope;
  readonly #planner: AbiPlanner;
  readonly #steps: Step[] = [];

  constructor(file: File, parent: Scope | undefined) {
    this.#file = file;
    this.#scope = new Scope("component", parent, file.budget);
    this.#planner = new AbiPlanner((identity) => this.#scope.slotOf(identity));
  }

  validate(source: ComponentSource): { steps: ComponentSteps; type: ComponentType } {
    for (const definition of source.definitions) this.#define(definition);
    const steps = { steps: this.#steps, slots: this.#scope.slotCount };
    return { steps, type: componentTypeOf(this.#scope) };
  }

  #define(definition: Definition): void {
    const scope = this.#scope;
    const { offset } = definition;
    switch (definition.kind) {
      case "core module":
        this.#defineModule(definition);
        return;
      case "core instantiate":
        this.#steps.push(coreInstantiateStep(definition, scope));
        return;
      case "core exports":
        this.#steps.push(coreExportsStep(definition.exports, scope, offset));
        return;
      case "core type":
        scope.coreTypes.push(defineCoreType(definition.type, scope));
        return;
      case "component": {
        const { steps, type } = new ComponentValidator(this.#file, scope).validate(definition.component);
        scope.components.push(type);
        this.#steps.push({ kind: "component", component: steps });
        return;
      }
      case "instantiate":
        this.#steps.push(instantiateStep(definition, scope));
        return;
      case "exports":
        this.#steps.push(exportsStep(definition.exports, scope, offset));
        return;
      case "alias export":
      case "alias core export":
      case "alias outer":
        this.#alias(definition, offset);
        return;
      case "type":
        this.#defineType(definition);
        return;
      case "canon":
        this.#steps.push(validateCanon(definition.canon, scope, this.#planner, offset));
        return;
      case "import":
        this.#import(definition);
        return;
      case "export":
        this.#export(definition);
    }
  }

  #defineModule({ start, end }: Extract<Definition, { kind: "core module" }>): void {
    const { bytes, layouts, modules } = this.#file;
    const layout = layouts[modules.length] ?? parseModule(Uint8Array.from(bytes.subarray(start, end)));
    const type = readModuleType(layout);
    const duplicate = duplicateImport(type);
    if (duplicate !== undefined) throw invalidComponent(start, `duplicate import name "${duplicate}"`);
    this.#scope.modules.push(type);
    this.#steps.push({ kind: "module", module: modules.length });
    modules.push(layout);
  }

  #defineType({ type: source, offset }: Extract<Definition, { kind: "type" }>): void {
    const type = defineType(source, this.#scope, offset);
    this.#scope.types.push(type);
    if (source.kind !== "resource" || type.kind !== "resource") return;
    const slot = this.#scope.slotOf(type.identity);
    this.#steps.push({ kind: "resource", slot, name: type.identity.name, destructor: source.destructor });
  }

  #alias(alias: AliasSource, offset: number): void {
    const scope = this.#scope;
    if (alias.kind === "alias outer") {
      this.#aliasOuter(alias, offset);
    } else if (alias.kind === "alias export") {
      const extern = exportOf(scope, alias.instance, alias.name, offset);
      if (extern.kind !== alias.sort) throw invalidComponent(offset, `export "${alias.name}" is not a ${alias.sort}`);
      scope.add(extern);
      if (extern.kind === "type") return;
      this.#steps.push({ kind: "alias", sort: alias.sort, instance: alias.instance, name: alias.name });
    } else {
      const exports = at(scope.coreInstances, alias.instance, "core instance", offset);
      const extern = exports.get(alias.name);
      if (extern === undefined) {
        throw invalidComponent(offset, `core instance "${alias.instance}" has no export named "${alias.name}"`);
      }
      if (`core ${extern.kind}` !== alias.sort) {
        throw invalidComponent(offset, `export "${alias.name}" is not a ${alias.sort}`);
      }
      scope.addCore(extern);
      this.#steps.push({ kind: "core alias", sort: alias.sort, instance: alias.instance, name: alias.name });
    }
  }

  #aliasOuter(alias: Extract<AliasSource, { kind: "alias outer" }>, offset: number): void {
    const item = resolveOuter(alias, this.#scope, offset);
    if (item.sort === "type") this.#scope.types.push(item.type);
    else if (item.sort === "core type") this.#scope.coreTypes.push(item.type);
    else {
      if (item.sort === "component") this.#scope.components.push(item.type);
      else this.#scope.modules.push(item.type);
      this.#steps.push({ kind: "outer", sort: item.sort, count: alias.count, index: alias.index });
    }
  }

  #import({ name, type, offset }: Extract<Definition, { kind: "import" }>): void {
    const scope = this.#scope;
    const resources: ResourceIdentity[] = [];
    const extern = externTypeOf(type, scope, offset, resources);
    scope.importedResources.push(...resources);
    scope.imports.add(name, extern, offset);
    scope.add(extern);
    const bindings = bindingsOf(extern, resources, scope);
    this.#steps.push({ kind: "import", name: name.name, sort: extern.kind, bindings });
  }

  #export({ name, item, type, offset }: Extract<Definition, { kind: "export" }>): void {
    const scope = this.#scope;
    const actual = itemOf(item, scope, offset);
    const resources: ResourceIdentity[] = [];
    const extern = type === undefined ? exportedAs(actual) : this.#ascribe(actual, type, resources, offset);
    scope.ownResources.push(...resources);
    scope.exports.add(name, extern, offset);
    const reference = referenceTo(item, scope, offset);
    scope.add(extern);
    const bindings = bindingsOf(extern, resources, scope);
    this.#steps.push({ kind: "export", name: name.name, item: reference, bindings });
  }

  /** The type that an export says it has, which may say less than what is exported. */
  #ascribe(actual: ExternType, source: ExternTypeSource, resources: ResourceIdentity[], offset: number): ExternType {
    const ascribed = externTypeOf(source, this.#scope, offset, resources);
    const problem = new TypeMatcher(resources, this.#file.budget).extern(actual, ascribed);
    if (problem !== undefined) {
      throw invalidComponent(offset, `ascribed type of export is not compatible with item: ${problem}`);
    }
    return ascribed;
  }
}

function exportedAs(extern: ExternType): ExternType {
  return extern.kind === "type" ? { kind: "type", type: renamed(extern.type) } : extern;
}
