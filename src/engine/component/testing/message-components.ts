import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  asyncFunctionType,
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
  listType,
  lower,
  option,
  primitive,
  resultType,
  typeIndex,
  types,
} from "./encode-component.ts";
import { InterfaceType } from "./interface-type.ts";
import { allocator } from "./sample-components.ts";

/** Fails for messages that begin with "!", traps for "t"; others are `$passed` on. The answer is at 8. */
const handler = `
  (func $handle (param $at i32) (param $length i32) (result i32)
    (local $first i32)
    (local.set $first (i32.load8_u (local.get $at)))
    (if (i32.eq (local.get $first) (i32.const 116)) (then unreachable))
    (i32.store16 (i32.const 8) (i32.const 0))
    (if (i32.eq (local.get $first) (i32.const 33))
      (then (i32.store16 (i32.const 8) (i32.const 257)))
      (else (call $passed (local.get $at) (local.get $length))))
    (i32.const 8))`;

/** A module of Spin's first SDKs that takes messages and does nothing with them. */
export function oldestMessageModule(): Uint8Array<ArrayBuffer> {
  return wat(`(module ${allocator}
    (export "canonical_abi_realloc" (func $realloc))
    (func $passed (param i32 i32))
    ${handler}
    (export "handle-redis-message" (func $handle)))`);
}

/** The component's module: what it is given it publishes in the channel "answers" of the Redis at `address`. */
function publishingModule(address: string): Uint8Array {
  return wat(`(module
    (import "memory" "memory" (memory 2))
    (import "host" "publish" (func $publish (param i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 16) "answers")
    (data (i32.const 32) "${address}")
    (func $passed (param $at i32) (param $length i32)
      (call $publish (i32.const 32) (i32.const ${address.length}) (i32.const 16) (i32.const 7)
        (local.get $at) (local.get $length) (i32.const 8)))
    ${handler}
    (export "handle-message" (func $handle)))`);
}

/** A component of Spin that is given messages, by the interface of that name. */
export function publishingComponent(
  address: string,
  exported: "fermyon:spin/inbound-redis" | "spin:redis/inbound-redis@3.0.0" = "fermyon:spin/inbound-redis",
): Uint8Array<ArrayBuffer> {
  const redis = new InterfaceType();
  const text = primitive.string;
  const failure = redis.enumeration("error", ["success", "error"]);
  redis.func(
    "publish",
    [
      ["address", text],
      ["channel", text],
      ["payload", redis.list(primitive.u8)],
    ],
    redis.result(undefined, failure),
  );
  const makeFunction = exported.startsWith("spin:") ? asyncFunctionType : functionType;
  return component(
    types(redis.bytes),
    importItem("fermyon:spin/redis", extern.instance(0)),
    alias("type", 0, "error"),
    alias("func", 0, "publish"),
    coreModule(wat(`(module ${allocator})`)),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    coreAlias("func", 0, "realloc"),
    lower(0, option.memory(0), option.realloc(0)),
    coreModule(publishingModule(address)),
    coreExports(["publish", "func", 1]),
    coreInstantiate(1, ["memory", 0], ["host", 1]),
    coreAlias("func", 2, "handle-message"),
    types(
      listType(primitive.u8),
      resultType(undefined, typeIndex(1)),
      makeFunction([["message", typeIndex(2)]], typeIndex(3)),
    ),
    lift(2, 4, option.memory(0), option.realloc(0)),
    exportInstance(["handle-message", "func", 1]),
    exportItem(exported, "instance", 1),
  );
}
