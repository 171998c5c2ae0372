import { invalidComponent } from "../parser/component-reader.ts";
import type { Declaration, ExternTypeSource, TypeSource } from "../parser/definitions.ts";
import { factsOf, factsOfExterns, resourceType } from "../types/make-type.ts";
import {
  type ComponentType,
  type DefinedType,
  type ExternType,
  type InstanceType,
  isValueType,
  type ResourceIdentity,
} from "../types/types.ts";
import { defineCoreType } from "./define-core-types.ts";
import { defineFunction, defineResource, defineValue } from "./define-values.ts";
import { resolveOuter } from "./outer-alias.ts";
import { at, Scope } from "./scope.ts";

/** The type that an entry of a type section means in a scope. */
export function defineType(source: TypeSource, scope: Scope, offset: number): DefinedType {
  switch (source.kind) {
    case "function":
      return defineFunction(source, scope, offset);
    case "resource":
      return defineResource(source, scope, offset);
    case "component type":
      return defineComponentType(source.declarations, scope);
    case "instance type":
      return defineInstanceType(source.declarations, scope);
    default:
      return defineValue(source, scope, offset);
  }
}

function defineInstanceType(declarations: readonly Declaration[], parent: Scope): InstanceType {
  const scope = new Scope("instance type", parent, parent.budget);
  for (const declaration of declarations) declare(declaration, scope);
  parent.outward = Math.max(parent.outward, scope.outward - 1);
  return instanceTypeOf(scope);
}

function defineComponentType(declarations: readonly Declaration[], parent: Scope): ComponentType {
  const scope = new Scope("component type", parent, parent.budget);
  for (const declaration of declarations) declare(declaration, scope);
  parent.outward = Math.max(parent.outward, scope.outward - 1);
  return componentTypeOf(scope);
}

/** What instances are whose scope this was. */
function instanceTypeOf(scope: Scope): InstanceType {
  const exports = scope.exports.entries;
  const facts = factsOfExterns(exports.values());
  return { kind: "instance type", exports, resources: scope.ownResources, outward: scope.outward, ...facts };
}

/** What a component is whose scope this was. */
export function componentTypeOf(scope: Scope): ComponentType {
  const instance = instanceTypeOf(scope);
  const imports = scope.imports.entries;
  const facts = factsOf([instance, factsOfExterns(imports.values())]);
  return {
    kind: "component type",
    imports,
    importedResources: scope.importedResources,
    instance,
    outward: scope.outward,
    ...facts,
  };
}

function declare(declaration: Declaration, scope: Scope): void {
  const { offset } = declaration;
  switch (declaration.kind) {
    case "core type":
      scope.coreTypes.push(defineCoreType(declaration.type, scope));
      return;
    case "type":
      scope.types.push(defineType(declaration.type, scope, offset));
      return;
    case "alias outer":
      addOuter(resolveOuter(declaration, scope, offset), scope, offset);
      return;
    case "alias export": {
      const extern = exportOf(scope, declaration.instance, declaration.name, offset);
      if (extern.kind !== declaration.sort) {
        throw invalidComponent(offset, `export "${declaration.name}" is not a ${declaration.sort}`);
      }
      if (extern.kind !== "type" && extern.kind !== "instance") {
        throw invalidComponent(offset, "aliases in types may only refer to types or instances");
      }
      scope.add(extern);
      return;
    }
    case "alias core export":
      throw invalidComponent(offset, "aliases in types may only refer to types or instances");
    case "import": {
      const extern = externTypeOf(declaration.type, scope, offset, scope.importedResources);
      scope.imports.add(declaration.name, extern, offset);
      scope.add(extern);
      return;
    }
    case "export": {
      const extern = externTypeOf(declaration.type, scope, offset, scope.ownResources);
      scope.exports.add(declaration.name, extern, offset);
      scope.add(extern);
    }
  }
}

function addOuter(item: ReturnType<typeof resolveOuter>, scope: Scope, offset: number): void {
  if (item.sort === "type") scope.types.push(item.type);
  else if (item.sort === "core type") scope.coreTypes.push(item.type);
  else throw invalidComponent(offset, "aliases in types may only refer to types or instances");
}

/** An export of an instance in a scope. */
export function exportOf(scope: Scope, instance: number, name: string, offset: number): ExternType {
  const extern = at(scope.instances, instance, "instance", offset).exports.get(name);
  if (extern === undefined) throw invalidComponent(offset, `instance "${instance}" has no export named "${name}"`);
  return extern;
}

/** What an import or export of such a type is in this scope; resources that come with it are added to `resources`. */
export function externTypeOf(
  source: ExternTypeSource,
  scope: Scope,
  offset: number,
  resources: ResourceIdentity[],
): ExternType {
  switch (source.kind) {
    case "core module": {
      const type = at(scope.coreTypes, source.type, "core type", offset);
      if (type.kind !== "module") throw invalidComponent(offset, `core type "${source.type}" is not a module type`);
      return { kind: "core module", type };
    }
    case "func":
      return { kind: "func", type: scope.functionType(source.type, offset) };
    case "component": {
      const type = at(scope.types, source.type, "type", offset);
      if (type.kind !== "component type") {
        throw invalidComponent(offset, `type "${source.type}" is not a component type`);
      }
      return { kind: "component", type };
    }
    case "instance": {
      const type = at(scope.types, source.type, "type", offset);
      if (type.kind !== "instance type") {
        throw invalidComponent(offset, `type "${source.type}" is not an instance type`);
      }
      return { kind: "instance", type: scope.open(type, resources) };
    }
    case "resource": {
      const identity: ResourceIdentity = { name: `resource ${scope.types.length}` };
      resources.push(identity);
      return { kind: "type", type: resourceType(identity) };
    }
    case "type":
      return { kind: "type", type: renamed(at(scope.types, source.type, "type", offset)) };
  }
}

/** The same type as another one: what is imported or exported has a name, and what it was made from may have none. */
export function renamed(type: DefinedType): DefinedType {
  if (isValueType(type) && type.kind === "primitive") return type;
  return { ...type };
}
