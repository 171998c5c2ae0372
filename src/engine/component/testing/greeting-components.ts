import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  exportInstance,
  exportItem,
  extern,
  functionType,
  importItem,
  lift,
  lower,
  option,
  primitive,
  types,
} from "./encode-component.ts";
import { httpComponent } from "./http-component.ts";
import { answerHelpers } from "./http-guests.ts";
import { InterfaceType } from "./interface-type.ts";
import { allocator } from "./sample-components.ts";

const wordsName = "test:greeting/words@1.0.0";

const greetingGuest = `
  (import "host" "word" (func $word (param i32)))
  ${answerHelpers}
  (func (export "handle") (param $request i32) (param $out i32)
    (call $word (i32.const 64))
    (call $answer (local.get $out) (i32.const 200) (i32.load (i32.const 64)) (i32.load (i32.const 68))))`;

/** Answers every request with the word that an interface gives which no host has. */
export function greetingComponent(): Uint8Array<ArrayBuffer> {
  const type = new InterfaceType().func("word", [], primitive.string);
  return httpComponent(greetingGuest, "0.2.0", [{ name: wordsName, type: type.bytes, functions: { word: "word" } }]);
}

const wordsModule = `(module
  (import "memory" "memory" (memory 1))
  (import "host" "get" (func $get (param i32 i32 i32)))
  (data (i32.const 16) "greeting")
  (data (i32.const 32) "nothing")
  (func (export "word") (result i32)
    (call $get (i32.const 16) (i32.const 8) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then
      (i32.store (i32.const 68) (i32.const 32))
      (i32.store (i32.const 72) (i32.const 7))))
    (i32.const 68)))`;

/** Exports that interface: its word is the variable `greeting`, or "nothing" where it has no such variable. */
export function wordsComponent(): Uint8Array<ArrayBuffer> {
  const variables = new InterfaceType();
  const cases = ["invalid-name", "undefined", "provider", "other"] as const;
  const failure = variables.variant(
    "error",
    cases.map((name) => [name, primitive.string]),
  );
  variables.func("get", [["name", primitive.string]], variables.result(primitive.string, failure));
  return component(
    types(variables.bytes),
    importItem("fermyon:spin/variables@2.0.0", extern.instance(0)),
    alias("func", 0, "get"),
    coreModule(wat(`(module ${allocator})`)),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    coreAlias("func", 0, "realloc"),
    lower(0, option.memory(0), option.realloc(0)),
    coreModule(wat(wordsModule)),
    coreExports(["get", "func", 1]),
    coreInstantiate(1, ["memory", 0], ["host", 1]),
    coreAlias("func", 2, "word"),
    types(functionType([], primitive.string)),
    lift(2, 1, option.memory(0)),
    exportInstance(["word", "func", 1]),
    exportItem(wordsName, "instance", 1),
  );
}
