import { primitive } from "../types/make-type.ts";
import type { ComponentType, ExternType, ValueType } from "../types/types.ts";
import { oldInterfaces } from "./old-interfaces.ts";
import { enumeration, functionType, instanceType, list, option, record, tuple } from "./type-words.ts";

/** What a module of the first Spin SDKs exports, which says nothing of its world. */
export const oldHandler = "handle-http-request";

const text = primitive("string");

/** `fermyon:spin/http-types`, of requests that come and go. */
function httpTypes(): { readonly request: ValueType; readonly response: ValueType } {
  const fields = list(tuple(text, text));
  const body = option(list(primitive("u8")));
  const method = enumeration("get", "post", "put", "delete", "patch", "head", "options");
  return {
    request: record({ method, uri: text, headers: fields, params: fields, body }),
    response: record({ status: primitive("u16"), headers: option(fields), body }),
  };
}

/**
 * The world of those modules: wit/deps/spin@unversioned of Spin, in the ABI of wit-bindgen 0.2, which for these types is
 * the canonical one.
 */
export function inboundHttpWorld(): ComponentType {
  const types = httpTypes();
  const instance = instanceType({ [oldHandler]: functionType({ req: types.request }, types.response) });
  const imports = new Map(
    Object.entries(oldInterfaces(types)).map(([name, functions]): [string, ExternType] => {
      return [name, { kind: "instance", type: instanceType(functions) }];
    }),
  );
  return { ...instance, kind: "component type", imports, importedResources: [], instance };
}
