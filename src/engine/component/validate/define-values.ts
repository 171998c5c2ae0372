import { componentLimits } from "../limits.ts";
import { invalidComponent, unsupportedComponent } from "../parser/component-reader.ts";
import type {
  CaseSource,
  FunctionTypeSource,
  MemberSource,
  TypeSource,
  ValueTypeSource,
} from "../parser/definitions.ts";
import { isLabel } from "../types/extern-name.ts";
import { layoutOf } from "../types/layout.ts";
import { factsOf, primitive, resourceType } from "../types/make-type.ts";
import type { Case, DefinedType, FunctionType, Member, ResourceIdentity, ValueType } from "../types/types.ts";
import { at, type Scope } from "./scope.ts";

function sized(type: ValueType, offset: number): ValueType {
  if (layoutOf(type, 8).size > componentLimits.valueBytesMax) {
    throw invalidComponent(offset, `the type exceeds maximum byte size "${componentLimits.valueBytesMax}"`);
  }
  return type;
}

export type ValueSource = Exclude<TypeSource, { kind: "function" | "resource" | "component type" | "instance type" }>;

/** A value type, within the size that values may have. */
export function defineValue(source: ValueSource, scope: Scope, offset: number): ValueType {
  return sized(makeValue(source, scope, offset), offset);
}

function makeValue(source: ValueSource, scope: Scope, offset: number): ValueType {
  function resolve(reference: ValueTypeSource): ValueType {
    return resolveValue(reference, scope, offset);
  }
  function optional(reference: ValueTypeSource | undefined): ValueType | undefined {
    return reference === undefined ? undefined : resolve(reference);
  }
  switch (source.kind) {
    case "primitive":
      return primitive(source.type);
    case "record": {
      const fields = resolveMembers(source.fields, "field", scope, offset);
      return { kind: "record", fields, ...factsOf(fields.map((field) => field.type)), isNominal: true };
    }
    case "variant": {
      const cases = resolveCases(source.cases, scope, offset);
      return { kind: "variant", cases, ...factsOf(cases.map((entry) => entry.type)), isNominal: true };
    }
    case "list": {
      const element = resolve(source.element);
      const facts = factsOf([element]);
      return { kind: "list", element, length: source.length, ...facts };
    }
    case "tuple": {
      const types = source.types.map(resolve);
      return { kind: "tuple", types, ...factsOf(types) };
    }
    case "flags":
      if (source.names.length > 32) throw invalidComponent(offset, "flags have more than 32 names");
      return { kind: "flags", names: checkNames(source.names, "flag", offset), ...factsOf([]), isNominal: true };
    case "enum":
      return { kind: "enum", names: checkNames(source.names, "enum tag", offset), ...factsOf([]), isNominal: true };
    case "option": {
      const type = resolve(source.type);
      return { kind: "option", type, ...factsOf([type]) };
    }
    case "result": {
      const ok = optional(source.ok);
      const err = optional(source.err);
      return { kind: "result", ok, err, ...factsOf([ok, err]) };
    }
    case "map":
      return defineMap(resolve(source.key), resolve(source.value), offset);
    case "own":
    case "borrow": {
      const resource = scope.resource(source.resource, offset);
      return { kind: source.kind, resource, ...factsOf([resource]), hasBorrow: source.kind === "borrow" };
    }
    case "stream":
    case "future":
      return defineChannel(source.kind, optional(source.element), offset);
  }
}

const keyTypes: ReadonlySet<string> = new Set("bool s8 u8 s16 u16 s32 u32 s64 u64 char string".split(" "));

function defineMap(key: ValueType, value: ValueType, offset: number): ValueType {
  if (key.kind !== "primitive" || !keyTypes.has(key.type)) {
    throw invalidComponent(offset, "the type of a map's key is not allowed");
  }
  return { kind: "map", key, value, ...factsOf([key, value]) };
}

function defineChannel(kind: "stream" | "future", element: ValueType | undefined, offset: number): ValueType {
  if (element?.hasBorrow) throw invalidComponent(offset, `a ${kind} contains a borrow type`);
  if (kind === "stream" && element?.kind === "primitive" && element.type === "char") {
    throw invalidComponent(offset, "a stream has elements of type char");
  }
  return { kind, element, ...factsOf([element]) };
}

/** The type that a reference in a scope means. */
export function resolveValue(reference: ValueTypeSource, scope: Scope, offset: number): ValueType {
  return typeof reference === "number" ? scope.value(reference, offset) : primitive(reference);
}

function resolveMembers(sources: readonly MemberSource[], what: string, scope: Scope, offset: number): Member[] {
  checkNames(
    sources.map((source) => source.name),
    what,
    offset,
  );
  return sources.map(({ name, type }) => ({ name, type: resolveValue(type, scope, offset) }));
}

function resolveCases(sources: readonly CaseSource[], scope: Scope, offset: number): Case[] {
  checkNames(
    sources.map((source) => source.name),
    "variant case",
    offset,
  );
  return sources.map(({ name, type }) => ({
    name,
    type: type === undefined ? undefined : resolveValue(type, scope, offset),
  }));
}

function checkNames(names: readonly string[], what: string, offset: number): readonly string[] {
  const seen = new Set<string>();
  for (const name of names) {
    if (!isLabel(name)) throw invalidComponent(offset, `${what} name "${name}" is not in kebab case`);
    const key = name.toLowerCase();
    if (seen.has(key)) throw invalidComponent(offset, `${what} name "${name}" conflicts with a previous one`);
    seen.add(key);
  }
  return names;
}

export function defineFunction(source: FunctionTypeSource, scope: Scope, offset: number): FunctionType {
  const parameters = resolveMembers(source.parameters, "function parameter", scope, offset);
  const result = source.result === undefined ? undefined : resolveValue(source.result, scope, offset);
  if (result?.hasBorrow) throw invalidComponent(offset, "function result cannot contain a `borrow` type");
  const facts = factsOf([...parameters.map((parameter) => parameter.type), result]);
  return { kind: "function", async: source.async, parameters, result, ...facts };
}

const destructorType = { parameters: "i32", results: "" } as const;

export function defineResource(
  source: Extract<TypeSource, { kind: "resource" }>,
  scope: Scope,
  offset: number,
): DefinedType {
  if (scope.kind !== "component") {
    throw invalidComponent(offset, "resources can only be defined within a concrete component");
  }
  if (source.representation !== "i32") {
    throw unsupportedComponent(offset, `a resource represented by "${source.representation}"`);
  }
  if (source.destructor !== undefined) {
    const type = at(scope.coreFunctions, source.destructor, "core function", offset);
    const isRight =
      type.parameters.join() === destructorType.parameters && type.results.join() === destructorType.results;
    if (!isRight) throw invalidComponent(offset, "wrong signature for a destructor");
  }
  const identity: ResourceIdentity = { name: `resource ${scope.types.length}` };
  scope.ownResources.push(identity);
  scope.defined.set(identity, source.representation);
  return resourceType(identity);
}
