import type { PrimitiveType } from "../parser/definitions.ts";
import type { ModuleType } from "./core-types.ts";

/**
 * Which resource type a type means. There is one for each resource that a component defines, imports or is given by
 * an instance; at run time each has a slot in the instance of the component in whose types it stands.
 */
export interface ResourceIdentity {
  readonly name: string;
}

/** What a type knows of everything that it refers to, so that no walk has to find it out again. */
export interface TypeFacts {
  /** Parts of the type with everything that it refers to written out. */
  readonly size: number;
  readonly depth: number;
  readonly hasResource: boolean;
  readonly hasBorrow: boolean;
  /** Whether something in it is a resource or a type that needs a name to be seen by others. */
  readonly isNominal: boolean;
}

/** A type index that stands for a resource; exporting it makes another one with the same identity. */
export interface ResourceType extends TypeFacts {
  readonly kind: "resource";
  readonly identity: ResourceIdentity;
}

export interface Member {
  readonly name: string;
  readonly type: ValueType;
}

export interface Case {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export type ValueType = TypeFacts &
  (
    | { readonly kind: "primitive"; readonly type: PrimitiveType }
    | { readonly kind: "record"; readonly fields: readonly Member[] }
    | { readonly kind: "variant"; readonly cases: readonly Case[] }
    | { readonly kind: "list"; readonly element: ValueType; readonly length: number | undefined }
    | { readonly kind: "tuple"; readonly types: readonly ValueType[] }
    | { readonly kind: "flags"; readonly names: readonly string[] }
    | { readonly kind: "enum"; readonly names: readonly string[] }
    | { readonly kind: "option"; readonly type: ValueType }
    | { readonly kind: "result"; readonly ok: ValueType | undefined; readonly err: ValueType | undefined }
    | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType }
    | { readonly kind: "own"; readonly resource: ResourceType }
    | { readonly kind: "borrow"; readonly resource: ResourceType }
    | { readonly kind: "stream"; readonly element: ValueType | undefined }
    | { readonly kind: "future"; readonly element: ValueType | undefined }
  );

export type ChannelType = Extract<ValueType, { kind: "stream" | "future" }>;

export interface FunctionType extends TypeFacts {
  readonly kind: "function";
  readonly async: boolean;
  readonly parameters: readonly Member[];
  readonly result: ValueType | undefined;
}

/** An instance: its exports, and those resources among them that are new with each instance of the type. */
export interface InstanceType extends TypeFacts {
  readonly kind: "instance type";
  readonly exports: ReadonlyMap<string, ExternType>;
  readonly resources: readonly ResourceIdentity[];
  /** How many scopes outwards from its own the furthest resource is that it refers to; 0 where there is none. */
  readonly outward: number;
}

/** A component: what it imports, and what an instance of it is. */
export interface ComponentType extends TypeFacts {
  readonly kind: "component type";
  readonly imports: ReadonlyMap<string, ExternType>;
  readonly importedResources: readonly ResourceIdentity[];
  readonly instance: InstanceType;
  readonly outward: number;
}

export type DefinedType = ValueType | ResourceType | FunctionType | InstanceType | ComponentType;

export type ExternType =
  | { readonly kind: "core module"; readonly type: ModuleType }
  | { readonly kind: "func"; readonly type: FunctionType }
  | { readonly kind: "type"; readonly type: DefinedType }
  | { readonly kind: "instance"; readonly type: InstanceType }
  | { readonly kind: "component"; readonly type: ComponentType };

const valueKinds: ReadonlySet<string> = new Set<ValueType["kind"]>([
  "primitive",
  "record",
  "variant",
  "list",
  "tuple",
  "flags",
  "enum",
  "option",
  "result",
  "map",
  "own",
  "borrow",
  "stream",
  "future",
]);

export function isValueType(type: DefinedType): type is ValueType {
  return valueKinds.has(type.kind);
}
