import { primitive } from "./encode-component.ts";
import { httpComponent, type OtherInterface } from "./http-component.ts";
import { answerHelpers } from "./http-guests.ts";
import { InterfaceType } from "./interface-type.ts";

function variables(): OtherInterface {
  const type = new InterfaceType();
  const failure = type.variant("error", [
    ["invalid-name", primitive.string],
    ["undefined", primitive.string],
    ["provider", primitive.string],
    ["other", primitive.string],
  ]);
  type.func("get", [["name", primitive.string]], type.result(primitive.string, failure));
  return { name: "fermyon:spin/variables@2.0.0", type: type.bytes, functions: { get: "variable" } };
}

function keyValue(): OtherInterface {
  const type = new InterfaceType().resource("store");
  const failure = type.variant("error", [
    ["store-table-full"],
    ["no-such-store"],
    ["access-denied"],
    ["other", primitive.string],
  ]);
  const bytes = type.list(primitive.u8);
  const self = ["self", type.borrow("store")] as const;
  const key = ["key", primitive.string] as const;
  type.func("[static]store.open", [["label", primitive.string]], type.result(type.own("store"), failure));
  type.func("[method]store.get", [self, key], type.result(type.option(bytes), failure));
  type.func("[method]store.set", [self, key, ["value", bytes]], type.result(undefined, failure));
  const functions = {
    "[static]store.open": "store-open",
    "[method]store.get": "store-get",
    "[method]store.set": "store-set",
  };
  return { name: "fermyon:spin/key-value@2.0.0", type: type.bytes, functions };
}

/**
 * A component of Spin: answers "v…" with its variable `greeting`, any other path with how often it was asked so (up to
 * nine times), which it keeps in the store `default`. An error is answered as `!` and the number of its case.
 */
const guest = `
  (import "host" "variable" (func $variable (param i32 i32 i32)))
  (import "host" "store-open" (func $store_open (param i32 i32 i32)))
  (import "host" "store-get" (func $store_get (param i32 i32 i32 i32)))
  (import "host" "store-set" (func $store_set (param i32 i32 i32 i32 i32 i32)))
  ${answerHelpers}
  (data (i32.const 1024) "greeting")
  (data (i32.const 1040) "default")
  (func $check (param $out i32) (result i32)
    (if (i32.eqz (i32.load8_u (i32.const 64))) (then (return (i32.const 0))))
    (i32.store8 (i32.const 1100) (i32.const 33))
    (i32.store8 (i32.const 1101) (i32.add (i32.const 48) (i32.load8_u (i32.const 68))))
    (call $answer (local.get $out) (i32.const 500) (i32.const 1100) (i32.const 2))
    (i32.const 1))
  (func (export "handle") (param $request i32) (param $out i32)
    (local $store i32)
    (call $path (local.get $request) (i32.const 64))
    (if (i32.eq (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))) (i32.const 118)) (then
      (call $variable (i32.const 1024) (i32.const 8) (i32.const 64))
      (if (call $check (local.get $out)) (then (return)))
      (call $answer (local.get $out) (i32.const 200) (i32.load (i32.const 68)) (i32.load (i32.const 72)))
      (return)))
    (call $store_open (i32.const 1040) (i32.const 7) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (local.set $store (i32.load (i32.const 68)))
    (call $store_get (local.get $store) (i32.const 1024) (i32.const 8) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (i32.store8 (i32.const 1100) (i32.const 48))
    (if (i32.load8_u (i32.const 68)) (then (i32.store8 (i32.const 1100) (i32.load8_u (i32.load (i32.const 72))))))
    (i32.store8 (i32.const 1100) (i32.add (i32.load8_u (i32.const 1100)) (i32.const 1)))
    (call $store_set (local.get $store) (i32.const 1024) (i32.const 8) (i32.const 1100) (i32.const 1) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $answer (local.get $out) (i32.const 200) (i32.const 1100) (i32.const 1)))`;

export function storingComponent(): Uint8Array<ArrayBuffer> {
  return httpComponent(guest, "0.2.0", [variables(), keyValue()]);
}
