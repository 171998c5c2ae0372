import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  borrow,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  declareExport,
  declareType,
  exportItem,
  extern,
  functionType,
  importItem,
  index,
  instanceType,
  lift,
  listType,
  lower,
  nested,
  instantiate,
  option,
  own,
  primitive,
  resourceFunction,
  resourceType,
  types,
} from "./encode-component.ts";

/** A memory and an allocator that never frees. */
export const allocator = `
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func $realloc (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (memory.copy (local.get $at) (local.get $old) (local.get $size))
    (local.get $at))`;

/** `(func (param "text" string) (result string))` that returns what it was given. */
const echoModule = wat(`(module ${allocator}
  (func (export "echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16)))`);

/** A component that exports `echo` of strings. */
export function echoComponent(exported = "echo", module = echoModule): Uint8Array<ArrayBuffer> {
  return component(
    coreModule(module),
    coreInstantiate(0),
    coreAlias("func", 0, "echo"),
    coreAlias("func", 0, "realloc"),
    coreAlias("memory", 0, "memory"),
    types(functionType([["text", primitive.string]], primitive.string)),
    lift(0, 0, option.memory(0), option.realloc(1)),
    exportItem(exported, "func", 0),
  );
}

const callerModule = wat(`(module
  (import "host" "half" (func $half (param i32) (result i32)))
  (func (export "run") (param i32) (result i32)
    (i32.add (call $half (local.get 0)) (i32.const 1))))`);

/** A component whose `run` of an u32 calls the host's `half` and adds one. */
export function callerComponent(interfaceName = "test:numbers/math@0.2.3"): Uint8Array<ArrayBuffer> {
  return component(
    types(
      instanceType(
        declareType(functionType([["value", primitive.u32]], primitive.u32)),
        declareExport("half", extern.func(0)),
      ),
    ),
    importItem(interfaceName, extern.instance(0)),
    alias("func", 0, "half"),
    lower(0),
    coreModule(callerModule),
    coreExports(["half", "func", 0]),
    coreInstantiate(0, ["host", 0]),
    coreAlias("func", 1, "run"),
    types(functionType([["value", primitive.u32]], primitive.u32)),
    lift(1, 1),
    exportItem("run", "func", 1),
  );
}

const holderModule = wat(`(module
  (import "host" "open" (func $open (result i32)))
  (import "host" "read" (func $read (param i32) (result i32)))
  (import "host" "drop" (func $drop (param i32)))
  (func (export "run") (result i32)
    (local $handle i32) (local $value i32)
    (local.set $handle (call $open))
    (local.set $value (call $read (local.get $handle)))
    (call $drop (local.get $handle))
    (local.get $value))
  (func (export "twice") (result i32)
    (local $handle i32)
    (local.set $handle (call $open))
    (call $drop (local.get $handle))
    (call $read (local.get $handle))))`);

/** A component that opens a resource of the host, reads it by a borrow and drops it; `twice` reads after that. */
export function holderComponent(): Uint8Array<ArrayBuffer> {
  return component(
    types(
      instanceType(
        declareExport("file", extern.resource),
        declareType(own(0)),
        declareType(functionType([], index(1))),
        declareExport("open", extern.func(2)),
        declareType(borrow(0)),
        declareType(functionType([["self", index(3)]], primitive.u32)),
        declareExport("[method]file.read", extern.func(4)),
      ),
    ),
    importItem("test:files/types@0.2.0", extern.instance(0)),
    alias("func", 0, "open"),
    alias("func", 0, "[method]file.read"),
    alias("type", 0, "file"),
    lower(0),
    lower(1),
    resourceFunction("drop", 1),
    coreModule(holderModule),
    coreExports(["open", "func", 0], ["read", "func", 1], ["drop", "func", 2]),
    coreInstantiate(0, ["host", 0]),
    coreAlias("func", 1, "run"),
    coreAlias("func", 1, "twice"),
    types(functionType([], primitive.u32)),
    lift(3, 2),
    lift(4, 2),
    exportItem("run", "func", 2),
    exportItem("twice", "func", 3),
  );
}

const counterModule = wat(`(module
  (global $dropped (mut i32) (i32.const 0))
  (func (export "end") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
  (func (export "dropped") (result i32) (global.get $dropped)))`);

const makerModule = wat(`(module
  (import "own" "new" (func $new (param i32) (result i32)))
  (import "own" "drop" (func $drop (param i32)))
  (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
  (func (export "churn") (param i32) (call $drop (call $new (local.get 0)))))`);

/** A component with a resource of its own: `churn` makes and drops one, `dropped` says the sum of what was ended. */
export function ownResourceComponent(): Uint8Array<ArrayBuffer> {
  return component(
    coreModule(counterModule),
    coreInstantiate(0),
    coreAlias("func", 0, "end"),
    types(resourceType(0)),
    resourceFunction("new", 0),
    resourceFunction("drop", 0),
    coreModule(makerModule),
    coreExports(["new", "func", 1], ["drop", "func", 2]),
    coreInstantiate(1, ["own", 1]),
    coreAlias("func", 2, "churn"),
    coreAlias("func", 0, "dropped"),
    types(functionType([["value", primitive.u32]]), functionType([], primitive.u32)),
    lift(3, 1),
    lift(4, 2),
    exportItem("churn", "func", 0),
    exportItem("dropped", "func", 1),
  );
}

const sumModule = wat(`(module ${allocator}
  (func (export "sum") (param $at i32) (param $count i32) (result i64)
    (local $sum i64)
    (block (loop
      (br_if 1 (i32.eqz (local.get $count)))
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br 0)))
    (local.get $sum)))`);

function sumType() {
  return types(listType(primitive.u32), functionType([["values", index(0)]], primitive.u64));
}

/** A component that passes a list on to another one within it, which adds it up. */
export function relayComponent(): Uint8Array<ArrayBuffer> {
  const inner = component(
    coreModule(sumModule),
    coreInstantiate(0),
    coreAlias("func", 0, "sum"),
    coreAlias("func", 0, "realloc"),
    coreAlias("memory", 0, "memory"),
    sumType(),
    lift(0, 1, option.memory(0), option.realloc(1)),
    exportItem("sum", "func", 0),
  );
  const memoryModule = wat(`(module ${allocator})`);
  const callOnly = wat(`(module
    (import "inner" "sum" (func $sum (param i32 i32) (result i64)))
    (func (export "total") (param i32 i32) (result i64) (call $sum (local.get 0) (local.get 1))))`);
  return component(
    nested(inner),
    instantiate(0),
    alias("func", 0, "sum"),
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("func", 0, "realloc"),
    coreAlias("memory", 0, "memory"),
    lower(0, option.memory(0)),
    coreModule(callOnly),
    coreExports(["sum", "func", 1]),
    coreInstantiate(1, ["inner", 1]),
    coreAlias("func", 2, "total"),
    sumType(),
    lift(2, 1, option.memory(0), option.realloc(0)),
    exportItem("total", "func", 1),
  );
}
