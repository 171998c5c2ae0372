import {
  type Bytes,
  channelType,
  declareExport,
  declareType,
  enumType,
  extern,
  functionType,
  index,
  instanceType,
  list,
  listType,
  own,
  borrow,
  tupleType,
  typeIndex,
} from "./encode-component.ts";
import { encodeName } from "../../loader/section-writer.ts";

type Case = readonly [name: string, payload?: Bytes];

/** Writes the type of an imported interface, entry by entry. Types are given as what stands for them elsewhere. */
export class InterfaceType {
  readonly #declarations: Bytes[] = [];
  readonly #resources = new Map<string, number>();
  #types = 0;

  get bytes(): Bytes {
    return instanceType(...this.#declarations);
  }

  /** A resource of this interface. */
  resource(name: string): this {
    this.#declarations.push(declareExport(name, extern.resource));
    this.#resources.set(name, this.#types++);
    return this;
  }

  /** A resource, or another type, that the component has as type `at`. */
  outer(name: string, at: number): this {
    // (alias outer 1 at (type))
    this.#declarations.push([0x02, 0x03, 0x02, ...index(1), ...index(at)]);
    this.#declarations.push(declareExport(name, [0x03, 0x00, ...index(this.#types++)]));
    this.#resources.set(name, this.#types++);
    return this;
  }

  /** A type that was given by name. */
  named(name: string): Bytes {
    return typeIndex(this.#resource(name));
  }

  own(resource: string): Bytes {
    return this.#define(own(this.#resource(resource)));
  }

  borrow(resource: string): Bytes {
    return this.#define(borrow(this.#resource(resource)));
  }

  list(element: Bytes): Bytes {
    return this.#define(listType(element));
  }

  option(value: Bytes): Bytes {
    return this.#define([0x6b, ...value]);
  }

  channel(kind: "stream" | "future", element: Bytes): Bytes {
    return this.#define(channelType(kind, element));
  }

  tuple(...members: readonly Bytes[]): Bytes {
    return this.#define(tupleType(...members));
  }

  result(value: Bytes | undefined, failure: Bytes | undefined): Bytes {
    return this.#define([0x6a, ...optional(value), ...optional(failure)]);
  }

  /** Variants, enumerations and records must have names. */
  variant(name: string, cases: readonly Case[]): Bytes {
    const entries = cases.map(([label, payload]) => [...encodeName(label), ...optional(payload), 0x00]);
    return this.#named(name, [0x71, ...list(entries)]);
  }

  enumeration(name: string, labels: readonly string[]): Bytes {
    return this.#named(name, enumType(...labels));
  }

  record(name: string, fields: readonly (readonly [name: string, type: Bytes])[]): Bytes {
    return this.#named(name, [0x72, ...list(fields.map(([label, type]) => [...encodeName(label), ...type]))]);
  }

  func(name: string, parameters: readonly (readonly [name: string, type: Bytes])[], result?: Bytes): this {
    this.#declarations.push(declareType(functionType(parameters, result)));
    this.#declarations.push(declareExport(name, extern.func(this.#types++)));
    return this;
  }

  #resource(name: string): number {
    const at = this.#resources.get(name);
    if (at === undefined) throw new Error(`the interface has no resource "${name}"`);
    return at;
  }

  #define(type: Bytes): Bytes {
    this.#declarations.push(declareType(type));
    return typeIndex(this.#types++);
  }

  #named(name: string, type: Bytes): Bytes {
    this.#declarations.push(declareType(type));
    this.#declarations.push(declareExport(name, [0x03, 0x00, ...index(this.#types++)]));
    return typeIndex(this.#types++);
  }
}

function optional(type: Bytes | undefined): Bytes {
  return type === undefined ? [0x00] : [0x01, ...type];
}
