import { primitive } from "../types/make-type.ts";
import type { ComponentType, ExternType, ValueType } from "../types/types.ts";
import { oldInterfaces } from "./old-interfaces.ts";
import { enumeration, functionType, instanceType, list, option, record, result, tuple } from "./type-words.ts";

/** What modules of the first Spin SDKs export, which say nothing of their world. */
const oldHandlers = ["handle-http-request", "handle-redis-message"] as const;

const text = primitive("string");

/** The error of `fermyon:spin/redis-types`. */
function redisError(): ValueType {
  return enumeration("success", "error");
}

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

interface Exported {
  readonly name: string;
  readonly kind: string;
}

/** Whether a module is one of those. */
export function isOldHandler(exports: readonly Exported[]): boolean {
  return handlersOf(exports).length > 0;
}

function handlersOf(exports: readonly Exported[]) {
  return oldHandlers.filter((handler) => exports.some(({ name, kind }) => name === handler && kind === "function"));
}

/**
 * The world of those modules: wit/deps/spin@unversioned of Spin, in the ABI of wit-bindgen 0.2, which for these types is
 * the canonical one.
 */
export function inboundWorld(exports: readonly Exported[]): ComponentType {
  const types = httpTypes();
  const exported = {
    "handle-http-request": functionType({ req: types.request }, types.response),
    "handle-redis-message": functionType({ message: list(primitive("u8")) }, result(undefined, redisError())),
  };
  const handlers = handlersOf(exports).map((name) => [name, exported[name]] as const);
  const instance = instanceType(Object.fromEntries(handlers));
  const imports = new Map(
    Object.entries(oldInterfaces(types)).map(([name, functions]): [string, ExternType] => {
      return [name, { kind: "instance", type: instanceType(functions) }];
    }),
  );
  return { ...instance, kind: "component type", imports, importedResources: [], instance };
}
