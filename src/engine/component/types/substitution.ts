import type {
  ComponentType,
  DefinedType,
  ExternType,
  FunctionType,
  InstanceType,
  ResourceIdentity,
  ResourceType,
  ValueType,
} from "./types.ts";
import { resourceType } from "./make-type.ts";
import type { TypeBudget } from "./type-budget.ts";

/**
 * Writes types anew with other resources and other types for imported ones. What has nothing of that kind stays the
 * very object that it is; what is asked for twice is made once, so that types which were one stay one.
 */
export class Substitution {
  readonly #identities: ReadonlyMap<ResourceIdentity, ResourceIdentity>;
  readonly #budget: TypeBudget;
  readonly #made: Map<DefinedType, DefinedType>;

  /** `replacements` are types that were imported, with those that are given for them. */
  constructor(
    identities: ReadonlyMap<ResourceIdentity, ResourceIdentity>,
    budget: TypeBudget,
    replacements: ReadonlyMap<DefinedType, DefinedType> = new Map(),
  ) {
    this.#identities = identities;
    this.#budget = budget;
    this.#made = new Map(replacements);
  }

  extern(extern: ExternType): ExternType {
    switch (extern.kind) {
      case "core module":
        return extern;
      case "func":
        return { kind: "func", type: this.function(extern.type) };
      case "type":
        return { kind: "type", type: this.defined(extern.type) };
      case "instance":
        return { kind: "instance", type: this.instance(extern.type) };
      case "component":
        return { kind: "component", type: this.component(extern.type) };
    }
  }

  defined(type: DefinedType): DefinedType {
    switch (type.kind) {
      case "resource":
        return this.resource(type);
      case "function":
        return this.function(type);
      case "instance type":
        return this.instance(type);
      case "component type":
        return this.component(type);
      default:
        return this.value(type);
    }
  }

  resource(type: ResourceType): ResourceType {
    return this.#once(type, () => {
      const identity = this.#identities.get(type.identity);
      return identity === undefined ? type : resourceType(identity);
    });
  }

  function(type: FunctionType): FunctionType {
    return this.#once(type, () => ({
      ...type,
      parameters: type.parameters.map(({ name, type: of }) => ({ name, type: this.value(of) })),
      result: this.#optional(type.result),
    }));
  }

  instance(type: InstanceType): InstanceType {
    return this.#once(type, () => ({ ...type, exports: this.externs(type.exports) }));
  }

  component(type: ComponentType): ComponentType {
    return this.#once(type, () => ({
      ...type,
      imports: this.externs(type.imports),
      instance: this.instance(type.instance),
    }));
  }

  externs(externs: ReadonlyMap<string, ExternType>): ReadonlyMap<string, ExternType> {
    return new Map(Array.from(externs, ([name, extern]) => [name, this.extern(extern)]));
  }

  value(type: ValueType): ValueType {
    return this.#once(type, () => this.#copy(type));
  }

  #optional(type: ValueType | undefined): ValueType | undefined {
    return type === undefined ? undefined : this.value(type);
  }

  #copy(type: ValueType): ValueType {
    switch (type.kind) {
      case "primitive":
      case "flags":
      case "enum":
        return type;
      case "record":
        return { ...type, fields: type.fields.map(({ name, type: of }) => ({ name, type: this.value(of) })) };
      case "variant":
        return { ...type, cases: type.cases.map(({ name, type: of }) => ({ name, type: this.#optional(of) })) };
      case "list":
        return { ...type, element: this.value(type.element) };
      case "stream":
      case "future":
        return { ...type, element: this.#optional(type.element) };
      case "tuple":
        return { ...type, types: type.types.map((of) => this.value(of)) };
      case "option":
        return { ...type, type: this.value(type.type) };
      case "result":
        return { ...type, ok: this.#optional(type.ok), err: this.#optional(type.err) };
      case "map":
        return { ...type, key: this.value(type.key), value: this.value(type.value) };
      case "own":
      case "borrow":
        return { ...type, resource: this.resource(type.resource) };
    }
  }

  #once<T extends DefinedType>(type: T, make: () => T): T {
    if (!type.isNominal) return type;
    const known = this.#made.get(type);
    // The map holds under each type what `make` gave for that very type.
    if (known !== undefined) return known as T;
    this.#budget.spend(1);
    const made = make();
    // Types are told apart by their object: one that is given another for no reason loses its name.
    const result = isUnchanged(type, made) ? type : made;
    this.#made.set(type, result);
    return result;
  }
}

/** Whether two types of one kind are made of the very same parts. */
function isUnchanged(type: object, made: object): boolean {
  const parts = new Map(Object.entries(made));
  return Object.entries(type).every(([name, part]) => isSamePart(part, parts.get(name)));
}

/** A part is a type, something plain, or a list of types or of members with a name and a type. */
function isSamePart(part: unknown, made: unknown): boolean {
  if (part === made) return true;
  if (!Array.isArray(part) || !Array.isArray(made) || part.length !== made.length) return false;
  return part.every((entry, index) => isSameEntry(entry, made[index]));
}

function isSameEntry(entry: unknown, made: unknown): boolean {
  return entry === made || (isMember(entry) && isMember(made) && entry.type === made.type);
}

function isMember(entry: unknown): entry is { readonly name: string; readonly type: unknown } {
  return typeof entry === "object" && entry !== null && "name" in entry && "type" in entry;
}

/** A type with a fresh identity for each resource of `identities`; those are returned by the old ones. */
export function freshIdentities(
  identities: readonly ResourceIdentity[],
): ReadonlyMap<ResourceIdentity, ResourceIdentity> {
  return new Map(identities.map((identity) => [identity, { name: identity.name }]));
}
