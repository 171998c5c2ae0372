import { factsOf, factsOfExterns, primitive } from "../types/make-type.ts";
import type { ComponentType, FunctionType, InstanceType, Member, ValueType } from "../types/types.ts";

/** What a module of the first Spin SDKs exports, which says nothing of its world. */
export const oldHandler = "handle-http-request";

/**
 * The world of those modules: wit/deps/spin@unversioned/inbound-http.wit and http-types.wit of Spin, in the ABI of
 * wit-bindgen 0.2, which for these types is the canonical one.
 */
export function inboundHttpWorld(): ComponentType {
  const exports: InstanceType["exports"] = new Map([[oldHandler, { kind: "func", type: handlerType() }]]);
  const none = { resources: [], outward: 0 } as const;
  const instance: InstanceType = { kind: "instance type", exports, ...none, ...factsOfExterns(exports.values()) };
  return { ...instance, kind: "component type", imports: new Map(), importedResources: [], instance };
}

function handlerType(): FunctionType {
  const text = primitive("string");
  const fields = list(tuple(text, text));
  const body = option(list(primitive("u8")));
  const names = ["get", "post", "put", "delete", "patch", "head", "options"];
  const method: ValueType = { kind: "enum", names, ...factsOf([]), isNominal: true };
  const request = record({ method, uri: text, headers: fields, params: fields, body });
  const result = record({ status: primitive("u16"), headers: option(fields), body });
  const parameters: Member[] = [{ name: "req", type: request }];
  return { kind: "function", async: false, parameters, result, ...factsOf([request, result]) };
}

function record(members: Readonly<Record<string, ValueType>>): ValueType {
  const fields = Object.entries(members).map(([name, type]) => ({ name, type }));
  return { kind: "record", fields, ...factsOf(Object.values(members)), isNominal: true };
}

function list(element: ValueType): ValueType {
  return { kind: "list", element, length: undefined, ...factsOf([element]) };
}

function tuple(...types: readonly ValueType[]): ValueType {
  return { kind: "tuple", types, ...factsOf(types) };
}

function option(type: ValueType): ValueType {
  return { kind: "option", type, ...factsOf([type]) };
}
