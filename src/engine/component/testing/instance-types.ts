import { encodeName, encodeU32 } from "../../loader/section-writer.ts";
import {
  borrow,
  type Bytes,
  declareExport,
  declareType,
  extern,
  functionType,
  index,
  instanceType,
  own,
  typeIndex,
} from "./encode-component.ts";

type Fields = readonly (readonly [name: string, type: Bytes])[];
type Cases = readonly (readonly [name: string, type: Bytes | undefined])[];

function labels(names: readonly string[]): Bytes {
  return [...encodeU32(names.length), ...names.flatMap((name) => [...encodeName(name)])];
}

function perhaps(type: Bytes | undefined): Bytes {
  return type === undefined ? [0x00] : [0x01, ...type];
}

export function enumType(...names: readonly string[]): Bytes {
  return [0x6d, ...labels(names)];
}

export function recordType(...fields: Fields): Bytes {
  return [0x72, ...encodeU32(fields.length), ...fields.flatMap(([name, type]) => [...encodeName(name), ...type])];
}

export function variantType(...cases: Cases): Bytes {
  const encoded = cases.flatMap(([name, type]) => [...encodeName(name), ...perhaps(type), 0x00]);
  return [0x71, ...encodeU32(cases.length), ...encoded];
}

export function optionType(type: Bytes): Bytes {
  return [0x6b, ...type];
}

export function resultType(value: Bytes | undefined, failure: Bytes | undefined): Bytes {
  return [0x6a, ...perhaps(value), ...perhaps(failure)];
}

/** The type of an interface, put together with its types counted. */
export class InterfaceType {
  readonly #declarations: Bytes[] = [];
  #types = 0;

  /** A type of the component around it, by its index there. */
  outer(at: number): number {
    this.#declarations.push([0x02, 0x03, 0x02, 0x01, ...index(at)]);
    return this.#types++;
  }

  resource(name: string): number {
    this.#declarations.push(declareExport(name, extern.resource));
    return this.#types++;
  }

  /** A type without a name, as it stands where one is used. */
  define(type: Bytes): Bytes {
    this.#declarations.push(declareType(type));
    return typeIndex(this.#types++);
  }

  /** A type that the interface exports, as enums and records have to be. */
  named(name: string, type: Bytes): Bytes {
    const defined = this.define(type);
    this.#declarations.push(declareExport(name, [0x03, 0x00, ...defined]));
    return typeIndex(this.#types++);
  }

  own(resource: number): Bytes {
    return this.define(own(resource));
  }

  borrow(resource: number): Bytes {
    return this.define(borrow(resource));
  }

  function(name: string, parameters: Fields, result?: Bytes): void {
    this.#declarations.push(declareType(functionType(parameters, result)));
    this.#declarations.push(declareExport(name, extern.func(this.#types++)));
  }

  get type(): Bytes {
    return instanceType(...this.#declarations);
  }
}
