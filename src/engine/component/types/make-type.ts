import { componentLimits } from "../limits.ts";
import { tooMuch } from "../parser/component-reader.ts";
import type { PrimitiveType } from "../parser/definitions.ts";
import type { ExternType, ResourceIdentity, ResourceType, TypeFacts, ValueType } from "./types.ts";

const noFacts: TypeFacts = { size: 1, depth: 1, hasResource: false, hasBorrow: false, isNominal: false };

/** What a type is to know of its parts. Throws where the type gets too large or too deep to be walked. */
export function factsOf(parts: Iterable<TypeFacts | undefined>): TypeFacts {
  let { size, depth, hasResource, hasBorrow, isNominal } = noFacts;
  for (const part of parts) {
    if (part === undefined) continue;
    size += part.size;
    depth = Math.max(depth, part.depth + 1);
    hasResource ||= part.hasResource;
    hasBorrow ||= part.hasBorrow;
    isNominal ||= part.isNominal;
  }
  if (size > componentLimits.typeSizeMax) throw tooMuch("parts in one type", size, componentLimits.typeSizeMax);
  if (depth > componentLimits.typeDepthMax) throw tooMuch("levels in one type", depth, componentLimits.typeDepthMax);
  return { size, depth, hasResource, hasBorrow, isNominal };
}

export function factsOfExterns(externs: Iterable<ExternType>): TypeFacts {
  return factsOf(partsOf(externs));
}

function* partsOf(externs: Iterable<ExternType>): Generator<TypeFacts> {
  for (const extern of externs) yield extern.kind === "core module" ? noFacts : extern.type;
}

const primitives = new Map<PrimitiveType, ValueType>();

export function primitive(type: PrimitiveType): ValueType {
  const known = primitives.get(type);
  if (known !== undefined) return known;
  const made: ValueType = { kind: "primitive", type, ...noFacts };
  primitives.set(type, made);
  return made;
}

export function resourceType(identity: ResourceIdentity): ResourceType {
  return { kind: "resource", identity, ...noFacts, hasResource: true, isNominal: true };
}

/** The types that a value type refers to, in the order in which it names them. */
export function partsOfValue(type: ValueType): readonly (ValueType | undefined)[] {
  switch (type.kind) {
    case "primitive":
    case "flags":
    case "enum":
    case "own":
    case "borrow":
      return [];
    case "record":
      return type.fields.map((field) => field.type);
    case "variant":
      return type.cases.map((entry) => entry.type);
    case "tuple":
      return type.types;
    case "list":
    case "stream":
    case "future":
      return [type.element];
    case "option":
      return [type.type];
    case "result":
      return [type.ok, type.err];
    case "map":
      return [type.key, type.value];
  }
}
