import { factsOf, factsOfExterns } from "../types/make-type.ts";
import type { FunctionType, InstanceType, ValueType } from "../types/types.ts";

/** Types that are written down here, for worlds that no binary says. */
export function record(members: Readonly<Record<string, ValueType>>): ValueType {
  const fields = Object.entries(members).map(([name, type]) => ({ name, type }));
  return { kind: "record", fields, ...factsOf(Object.values(members)), isNominal: true };
}

export function variant(members: Readonly<Record<string, ValueType | undefined>>): ValueType {
  const cases = Object.entries(members).map(([name, type]) => ({ name, type }));
  return { kind: "variant", cases, ...factsOf(Object.values(members)), isNominal: true };
}

export function enumeration(...names: readonly string[]): ValueType {
  return { kind: "enum", names, ...factsOf([]), isNominal: true };
}

export function list(element: ValueType): ValueType {
  return { kind: "list", element, length: undefined, ...factsOf([element]) };
}

export function tuple(...types: readonly ValueType[]): ValueType {
  return { kind: "tuple", types, ...factsOf(types) };
}

export function option(type: ValueType): ValueType {
  return { kind: "option", type, ...factsOf([type]) };
}

export function result(ok: ValueType | undefined, err: ValueType): ValueType {
  return { kind: "result", ok, err, ...factsOf([ok, err]) };
}

export function functionType(members: Readonly<Record<string, ValueType>>, answer?: ValueType): FunctionType {
  const parameters = Object.entries(members).map(([name, type]) => ({ name, type }));
  const facts = factsOf([...Object.values(members), answer]);
  return { kind: "function", async: false, parameters, result: answer, ...facts };
}

/** An instance of functions alone. */
export function instanceType(functions: Readonly<Record<string, FunctionType>>): InstanceType {
  const exports: InstanceType["exports"] = new Map(
    Object.entries(functions).map(([name, type]) => [name, { kind: "func", type }]),
  );
  return { kind: "instance type", exports, resources: [], outward: 0, ...factsOfExterns(exports.values()) };
}
