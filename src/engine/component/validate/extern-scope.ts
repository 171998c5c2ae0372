import { invalidComponent } from "../parser/component-reader.ts";
import type { ExternNameSource } from "../parser/definitions.ts";
import { isVersion, parseExternName, uniquenessKey } from "../types/extern-name.ts";
import { partsOfValue } from "../types/make-type.ts";
import type { TypeBudget } from "../types/type-budget.ts";
import type {
  DefinedType,
  ExternType,
  FunctionType,
  InstanceType,
  ResourceIdentity,
  ValueType,
} from "../types/types.ts";

/**
 * The imports or the exports of one scope: their names are unique in every language, methods stand behind their
 * resources, and the types of functions have names of their own.
 */
export class ExternScope {
  readonly entries = new Map<string, ExternType>();
  readonly #direction: "import" | "export";
  readonly #budget: TypeBudget;
  readonly #keys = new Map<string, string>();
  readonly #resources = new Map<string, ResourceIdentity>();
  /** Types with a name that users of this scope can see. */
  readonly #named = new Set<DefinedType>();
  readonly #outer: ExternScope | undefined;
  readonly #requiresNames: boolean;

  /** Exports may also refer to what is imported: `outer`. What is seen from nowhere yet needs no names. */
  constructor(
    direction: "import" | "export",
    budget: TypeBudget,
    { outer, requiresNames = true }: { outer?: ExternScope; requiresNames?: boolean } = {},
  ) {
    this.#direction = direction;
    this.#budget = budget;
    this.#outer = outer;
    this.#requiresNames = requiresNames;
  }

  add(source: ExternNameSource, extern: ExternType, offset: number): void {
    const { name } = source;
    const parsed = parseExternName(name);
    if (parsed === undefined) throw invalidComponent(offset, `"${name}" is not a valid extern name`);
    checkAttributes(source, extern, offset);
    this.#claim(name, offset);
    if (parsed.kind === "constructor" || parsed.kind === "method" || parsed.kind === "static") {
      this.#checkMember(parsed, extern, offset);
    }
    if (parsed.kind === "plain" && extern.kind === "type" && extern.type.kind === "resource") {
      this.#resources.set(parsed.label, extern.type.identity);
    }
    if (this.#requiresNames && !this.register(extern)) {
      throw invalidComponent(
        offset,
        `${extern.kind} "${name}" is not valid to be used as ${this.#direction}, a type in it has no name`,
      );
    }
    this.entries.set(name, extern);
  }

  /** Checks that everything that `extern` refers to has a name, and gives names to the types in it. */
  register(extern: ExternType): boolean {
    switch (extern.kind) {
      case "core module":
      case "component":
        return true;
      case "func":
        return this.#allNamed(extern.type);
      case "instance":
        return this.#registerInstance(extern.type);
      case "type":
        return this.#registerType(extern.type);
    }
  }

  #registerInstance(type: InstanceType): boolean {
    this.#budget.spend(type.exports.size);
    return Array.from(type.exports.values()).every((entry) => this.register(entry));
  }

  #registerType(type: DefinedType): boolean {
    const known = this.isNamed(type);
    this.#named.add(type);
    if (known || type.kind === "resource" || type.kind === "component type") return true;
    if (type.kind === "instance type") return this.#registerInstance(type);
    if (type.kind === "function") return this.#allNamed(type);
    if (type.kind === "own" || type.kind === "borrow") return this.isNamed(type.resource);
    return partsOfValue(type).every((part) => part === undefined || this.#valueNamed(part));
  }

  #allNamed(type: FunctionType): boolean {
    const types = [...type.parameters.map((parameter) => parameter.type), type.result];
    return types.every((part) => part === undefined || this.#valueNamed(part));
  }

  #valueNamed(type: ValueType): boolean {
    this.#budget.spend(1);
    if (this.isNamed(type)) return true;
    switch (type.kind) {
      case "record":
      case "variant":
      case "enum":
      case "flags":
        return false;
      case "own":
      case "borrow":
        return this.isNamed(type.resource);
      default:
        return partsOfValue(type).every((part) => part === undefined || this.#valueNamed(part));
    }
  }

  isNamed(type: DefinedType): boolean {
    return this.#named.has(type) || (this.#outer?.isNamed(type) ?? false);
  }

  #claim(name: string, offset: number): void {
    const key = uniquenessKey(name);
    const earlier = this.#keys.get(key);
    if (earlier !== undefined) {
      throw invalidComponent(offset, `${this.#direction} name "${name}" conflicts with previous name "${earlier}"`);
    }
    this.#keys.set(key, name);
  }

  #checkMember(
    name: { kind: "constructor" | "method" | "static"; resource: string },
    extern: ExternType,
    offset: number,
  ): void {
    if (extern.kind !== "func") throw invalidComponent(offset, `the ${name.kind} of "${name.resource}" is not a func`);
    const identity = this.#resources.get(name.resource);
    if (identity === undefined) {
      throw invalidComponent(offset, `the resource "${name.resource}" is not known in this context`);
    }
    if (name.kind === "constructor" && !constructs(extern.type, identity)) {
      throw invalidComponent(offset, `the constructor of "${name.resource}" should return it`);
    }
    if (name.kind === "method" && !hasSelf(extern.type, identity)) {
      throw invalidComponent(
        offset,
        `a method of "${name.resource}" should have a first argument "self" that borrows it`,
      );
    }
  }
}

function constructs({ result }: FunctionType, identity: ResourceIdentity): boolean {
  const made = result?.kind === "result" ? result.ok : result;
  return made?.kind === "own" && made.resource.identity === identity;
}

function hasSelf({ parameters }: FunctionType, identity: ResourceIdentity): boolean {
  const self = parameters[0];
  return self?.name === "self" && self.type.kind === "borrow" && self.type.resource.identity === identity;
}

function checkAttributes(source: ExternNameSource, extern: ExternType, offset: number): void {
  if (source.implements !== undefined) checkImplements(source.name, source.implements, extern, offset);
  if (source.versionSuffix === undefined) return;
  const parsed = parseExternName(source.name);
  const version = parsed?.kind === "interface" ? parsed.version : undefined;
  if (version === undefined || isVersion(version) || !isVersion(version + source.versionSuffix)) {
    throw invalidComponent(offset, `"${source.name}" and "${source.versionSuffix}" make no version`);
  }
}

function checkImplements(name: string, implemented: string, extern: ExternType, offset: number): void {
  if (extern.kind !== "instance") throw invalidComponent(offset, "only instances can have an `implements`");
  if (parseExternName(name)?.kind !== "plain") {
    throw invalidComponent(offset, `"${name}" is not valid with \`implements\``);
  }
  if (parseExternName(implemented)?.kind !== "interface") {
    throw invalidComponent(offset, `"${implemented}" must be an interface`);
  }
}
