import type { DefinedType, ResourceType, ValueType } from "../types/types.ts";

/** What says that two types are the same one under two names: a type that is exported again is another object. */
function essenceOf(type: DefinedType): object {
  switch (type.kind) {
    case "record":
      return type.fields;
    case "variant":
      return type.cases;
    case "flags":
    case "enum":
      return type.names;
    case "resource":
      return type.identity;
    default:
      return type;
  }
}

/** Where a type was named first. */
export interface Home {
  readonly interfaceName: string;
  readonly name: string;
}

/** Which interface each type of a component belongs to: the first one that names it; others use it from there. */
export class TypeHomes {
  readonly #homes = new Map<object, Home>();

  /** Says that an interface names a type, and where it is at home. Primitive types are everybody's. */
  claim(type: DefinedType, interfaceName: string, name: string): Home {
    if (type.kind === "primitive") return { interfaceName, name };
    const essence = essenceOf(type);
    const known = this.#homes.get(essence);
    if (known !== undefined) return known;
    const home = { interfaceName, name };
    this.#homes.set(essence, home);
    return home;
  }

  find(type: DefinedType): Home | undefined {
    return this.#homes.get(essenceOf(type));
  }
}

/** Names of types as one interface writes them; what it needs from others is listed. */
export class TypeNames {
  readonly #homes: TypeHomes;
  readonly interfaceName: string;
  readonly #names = new Map<object, string>();
  readonly #taken = new Set<string>();
  /** What is used although the interface does not name it, by the name that it has here. */
  readonly uses = new Map<string, Home>();

  constructor(homes: TypeHomes, interfaceName: string, taken: Iterable<string>) {
    this.#homes = homes;
    this.interfaceName = interfaceName;
    for (const name of taken) this.#taken.add(name);
  }

  /** Names a type of this interface. Answers with the name that it has elsewhere, where it is another's. */
  define(type: DefinedType, name: string): Home | undefined {
    if (type.kind === "primitive") return undefined;
    const known = this.#names.get(essenceOf(type));
    this.#names.set(type, name);
    if (known !== undefined) return { interfaceName: this.interfaceName, name: known };
    this.#names.set(essenceOf(type), name);
    const home = this.#homes.claim(type, this.interfaceName, name);
    return home.interfaceName === this.interfaceName ? undefined : home;
  }

  /** The name of a type; undefined where it has none and is written out. */
  nameOf(type: ValueType | ResourceType): string | undefined {
    const known = this.#names.get(type) ?? this.#names.get(essenceOf(type));
    if (known !== undefined) return known;
    const home = this.#homes.find(type);
    if (home === undefined || home.interfaceName === this.interfaceName) return undefined;
    const name = this.#freeName(home.name);
    this.uses.set(name, home);
    this.#names.set(essenceOf(type), name);
    return name;
  }

  #freeName(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${wanted}-n${number}`;
    this.#taken.add(name);
    return name;
  }
}
