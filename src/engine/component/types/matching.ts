import { moduleMatches } from "./core-types.ts";
import { partsOfValue } from "./make-type.ts";
import { Substitution } from "./substitution.ts";
import type { TypeBudget } from "./type-budget.ts";
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

/**
 * Decides whether one type may stand where another is expected. Resources of the expected type that are still open are
 * bound to those of the actual one on the way, in the order in which things are matched.
 */
export class TypeMatcher {
  readonly bindings = new Map<ResourceIdentity, ResourceIdentity>();
  /** Types that were expected under a name, with those that stand there. */
  readonly replacements = new Map<DefinedType, DefinedType>();
  readonly #open: Set<ResourceIdentity>;
  readonly #budget: TypeBudget;

  constructor(open: Iterable<ResourceIdentity>, budget: TypeBudget) {
    this.#open = new Set(open);
    this.#budget = budget;
  }

  /** What is wrong with `actual`, or undefined where it fits. */
  extern(actual: ExternType, expected: ExternType): string | undefined {
    if (actual.kind !== expected.kind) return `expected ${expected.kind}, found ${actual.kind}`;
    switch (expected.kind) {
      case "core module":
        return actual.kind === expected.kind && moduleMatches(actual.type, expected.type)
          ? undefined
          : "another core module";
      case "func":
        return actual.kind === expected.kind ? this.function(actual.type, expected.type) : undefined;
      case "type":
        return actual.kind === expected.kind ? this.#replace(actual.type, expected.type) : undefined;
      case "instance":
        return actual.kind === expected.kind ? this.instance(actual.type, expected.type) : undefined;
      case "component":
        return actual.kind === expected.kind ? this.component(actual.type, expected.type) : undefined;
    }
  }

  #replace(actual: DefinedType, expected: DefinedType): string | undefined {
    if (expected.isNominal) this.replacements.set(expected, actual);
    return this.type(actual, expected);
  }

  type(actual: DefinedType, expected: DefinedType): string | undefined {
    switch (expected.kind) {
      case "resource":
        return actual.kind === "resource"
          ? this.#resource(actual, expected)
          : `expected resource, found ${actual.kind}`;
      case "function":
        return actual.kind === "function" ? this.function(actual, expected) : `expected func, found ${actual.kind}`;
      case "instance type":
        if (actual.kind !== "instance type") return `expected instance, found ${actual.kind}`;
        return (
          this.instance(actual, expected) ?? new TypeMatcher(actual.resources, this.#budget).instance(expected, actual)
        );
      case "component type":
        if (actual.kind !== "component type") return `expected component, found ${actual.kind}`;
        return this.component(actual, expected) ?? new TypeMatcher([], this.#budget).component(expected, actual);
      default:
        return this.#definedValue(actual, expected);
    }
  }

  #definedValue(actual: DefinedType, expected: ValueType): string | undefined {
    const isOther = ["resource", "function", "instance type", "component type"].includes(actual.kind);
    if (isOther) return `expected ${expected.kind}, found ${actual.kind}`;
    // What is none of the four other kinds is a value type.
    return this.value(actual as ValueType, expected) ? undefined : `expected another ${describe(expected)}`;
  }

  instance(actual: InstanceType, expected: InstanceType): string | undefined {
    for (const identity of expected.resources) this.#open.add(identity);
    for (const [name, wanted] of expected.exports) {
      this.#budget.spend(1);
      const given = actual.exports.get(name);
      if (given === undefined) return `missing expected export "${name}"`;
      const problem = this.extern(given, wanted);
      if (problem !== undefined) return `export "${name}": ${problem}`;
    }
    return undefined;
  }

  /** What the expected component is given must do for the actual one, and what that makes must do for the expected one. */
  component(actual: ComponentType, expected: ComponentType): string | undefined {
    const inner = new TypeMatcher(actual.importedResources, this.#budget);
    const own = new Substitution(this.bindings, this.#budget).component(expected);
    for (const [name, wanted] of actual.imports) {
      this.#budget.spend(1);
      const given = own.imports.get(name);
      if (given === undefined) return `missing expected import "${name}"`;
      const problem = inner.extern(given, wanted);
      if (problem !== undefined) return `import "${name}": ${problem}`;
    }
    const made = new Substitution(inner.bindings, this.#budget, inner.replacements).instance(actual.instance);
    return new TypeMatcher(expected.instance.resources, this.#budget).instance(made, own.instance);
  }

  function(actual: FunctionType, expected: FunctionType): string | undefined {
    if (actual.async !== expected.async) return "expected async func type to match";
    if (actual.parameters.length !== expected.parameters.length) return "expected another number of parameters";
    for (const [index, parameter] of expected.parameters.entries()) {
      const given = actual.parameters[index];
      if (given === undefined || given.name !== parameter.name) return `expected parameter "${parameter.name}"`;
      if (!this.value(given.type, parameter.type)) return `expected another type of parameter "${parameter.name}"`;
    }
    return this.#optional(actual.result, expected.result) ? undefined : "expected another result";
  }

  #resource(actual: ResourceType, expected: ResourceType): string | undefined {
    const bound = this.bindings.get(expected.identity);
    if (bound === undefined && this.#open.has(expected.identity)) {
      this.bindings.set(expected.identity, actual.identity);
      return undefined;
    }
    return (bound ?? expected.identity) === actual.identity ? undefined : "expected another resource";
  }

  #optional(actual: ValueType | undefined, expected: ValueType | undefined): boolean {
    if (actual === undefined || expected === undefined) return actual === expected;
    return this.value(actual, expected);
  }

  value(actual: ValueType, expected: ValueType): boolean {
    this.#budget.spend(1);
    if (actual === expected && !expected.hasResource) return true;
    if (actual.kind !== expected.kind || actual.size !== expected.size) return false;
    if (!sameWords(wordsOf(actual), wordsOf(expected))) return false;
    if (actual.kind === "own" || actual.kind === "borrow") return this.#sameResource(actual, expected);
    const parts = partsOfValue(actual);
    const expectedParts = partsOfValue(expected);
    return parts.every((part, index) => this.#optional(part, expectedParts[index]));
  }

  #sameResource(actual: ValueType, expected: ValueType): boolean {
    if (actual.kind !== "own" && actual.kind !== "borrow") return false;
    if (expected.kind !== "own" && expected.kind !== "borrow") return false;
    const { identity } = expected.resource;
    return (this.bindings.get(identity) ?? identity) === actual.resource.identity;
  }
}

function describe(type: ValueType): string {
  return type.kind === "primitive" ? type.type : type.kind;
}

/** Everything in a type that is no other type: names, lengths, and how many parts there are. */
function wordsOf(type: ValueType): readonly (string | number | undefined)[] {
  switch (type.kind) {
    case "primitive":
      return [type.type];
    case "record":
      return type.fields.map((field) => field.name);
    case "variant":
      return type.cases.map((entry) => entry.name);
    case "flags":
    case "enum":
      return type.names;
    case "list":
      return [type.length];
    case "tuple":
      return [type.types.length];
    default:
      return [];
  }
}

function sameWords(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}
