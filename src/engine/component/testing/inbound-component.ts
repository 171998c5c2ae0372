import {
  alias,
  component,
  coreAlias,
  coreInstantiate,
  coreModule,
  exportInstance,
  exportItem,
  extern,
  functionType,
  importItem,
  lift,
  option,
  primitive,
  typeIndex,
  types,
} from "./encode-component.ts";
import { InterfaceType } from "./interface-type.ts";
import { oldestModule } from "./world-module.ts";

/** What a module of Spin 1 becomes in Spin: the same handler, as `fermyon:spin/inbound-http` of a component. */
export function inboundComponent(): Uint8Array<ArrayBuffer> {
  const http = new InterfaceType();
  const text = primitive.string;
  const fields = http.list(http.tuple(text, text));
  const body = http.option(http.list(primitive.u8));
  const method = http.enumeration("method", ["get", "post", "put", "delete", "patch", "head", "options"]);
  http.record("request", [
    ["method", method],
    ["uri", text],
    ["headers", fields],
    ["params", fields],
    ["body", body],
  ]);
  http.record("response", [
    ["status", primitive.u16],
    ["headers", http.option(fields)],
    ["body", body],
  ]);
  return component(
    types(http.bytes),
    importItem("fermyon:spin/http-types", extern.instance(0)),
    alias("type", 0, "request"),
    alias("type", 0, "response"),
    coreModule(oldestModule()),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    coreAlias("func", 0, "canonical_abi_realloc"),
    coreAlias("func", 0, "handle-http-request"),
    types(functionType([["req", typeIndex(1)]], typeIndex(2))),
    lift(1, 3, option.memory(0), option.realloc(0)),
    exportInstance(["handle-request", "func", 0]),
    exportItem("fermyon:spin/inbound-http", "instance", 1),
  );
}
