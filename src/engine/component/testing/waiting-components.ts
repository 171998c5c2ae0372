import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  asyncFunctionType,
  builtin,
  builtins,
  channelType,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  declareExport,
  declareType,
  exportItem,
  extern,
  importItem,
  index,
  instanceType,
  lift,
  list,
  lower,
  option,
  primitive,
  types,
} from "./encode-component.ts";

const memoryModule = wat(`(module (memory (export "memory") 1))`);

/** Calls `later`, waits for it by callback, and returns one more than it answered. */
const callerModule = wat(`(module
  (import "env" "memory" (memory 1))
  (import "env" "later" (func $later (param i32 i32) (result i32)))
  (import "env" "return" (func $return (param i32)))
  (import "env" "set-new" (func $set-new (result i32)))
  (import "env" "set-drop" (func $set-drop (param i32)))
  (import "env" "join" (func $join (param i32 i32)))
  (import "env" "drop" (func $drop (param i32)))
  (global $next (mut i32) (i32.const 16))
  (func (export "run") (param $value i32) (result i32)
    (local $state i32) (local $set i32)
    (global.set $next (i32.add (global.get $next) (i32.const 4)))
    (local.set $state (call $later (local.get $value) (global.get $next)))
    (if (i32.eq (i32.and (local.get $state) (i32.const 15)) (i32.const 2))
      (then
        (call $return (i32.add (i32.load (global.get $next)) (i32.const 1)))
        (return (i32.const 0))))
    (local.set $set (call $set-new))
    (call $join (i32.shr_u (local.get $state) (i32.const 4)) (local.get $set))
    (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
  (func (export "run-callback") (param $event i32) (param $subtask i32) (param $state i32) (result i32)
    (if (i32.ne (local.get $event) (i32.const 1)) (then unreachable))
    (if (i32.ne (local.get $state) (i32.const 2)) (then unreachable))
    (call $drop (local.get $subtask))
    (call $return (i32.add (i32.load (global.get $next)) (i32.const 1)))
    (i32.const 0)))`);

/** A component whose async `run` waits for the host's async `later`. */
export function waitingComponent(): Uint8Array<ArrayBuffer> {
  return component(
    types(
      instanceType(
        declareType(asyncFunctionType([["value", primitive.u32]], primitive.u32)),
        declareExport("later", extern.func(0)),
      ),
    ),
    importItem("test:waiting/host@0.3.0", extern.instance(0)),
    alias("func", 0, "later"),
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    lower(0, option.async, option.memory(0)),
    builtin(builtins.taskReturn, [0x00], primitive.u32, list([])),
    builtin(builtins.waitableSetNew),
    builtin(builtins.waitableSetDrop),
    builtin(builtins.waitableJoin),
    builtin(builtins.subtaskDrop),
    coreModule(callerModule),
    coreExports(
      ["memory", "memory", 0],
      ["later", "func", 0],
      ["return", "func", 1],
      ["set-new", "func", 2],
      ["set-drop", "func", 3],
      ["join", "func", 4],
      ["drop", "func", 5],
    ),
    coreInstantiate(1, ["env", 1]),
    coreAlias("func", 2, "run"),
    coreAlias("func", 2, "run-callback"),
    types(asyncFunctionType([["value", primitive.u32]], primitive.u32)),
    lift(6, 1, option.async, option.callback(7)),
    exportItem("run", "func", 1),
  );
}

const handOnModule = wat(`(module (func (export "same") (param i32) (result i32) (local.get 0)))`);

/** A component whose async `stream` and `future` return the one that they were given. */
export function handingOnComponent(): Uint8Array<ArrayBuffer> {
  return component(
    coreModule(handOnModule),
    coreInstantiate(0),
    coreAlias("func", 0, "same"),
    types(
      channelType("stream", primitive.u8),
      asyncFunctionType([["it", index(0)]], index(0)),
      channelType("future", primitive.string),
      asyncFunctionType([["it", index(2)]], index(2)),
    ),
    lift(0, 1),
    lift(0, 3),
    exportItem("hand-stream", "func", 0),
    exportItem("hand-future", "func", 1),
  );
}

/** Reads a stream to its end, a piece at a time, and returns how many bytes came and their sum. */
const readerModule = wat(`(module
  (import "env" "memory" (memory 1))
  (import "env" "read" (func $read (param i32 i32 i32) (result i32)))
  (import "env" "drop" (func $drop (param i32)))
  (func (export "sum") (param $stream i32) (result i64)
    (local $result i32) (local $at i32) (local $end i32) (local $sum i64)
    (loop $more
      (local.set $result (call $read (local.get $stream) (i32.const 1024) (i32.const 4096)))
      (local.set $at (i32.const 1024))
      (local.set $end (i32.add (i32.const 1024) (i32.shr_u (local.get $result) (i32.const 4))))
      (block $done (loop $each
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $each)))
      (br_if $more (i32.eqz (i32.and (local.get $result) (i32.const 15)))))
    (call $drop (local.get $stream))
    (local.get $sum)))`);

/** A component whose async `sum` adds up the bytes of a stream; each read waits on a stack of its own. */
export function summingComponent(): Uint8Array<ArrayBuffer> {
  return component(
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    types(channelType("stream", primitive.u8), asyncFunctionType([["bytes", index(0)]], primitive.u64)),
    builtin(builtins.streamRead, index(0), list([option.memory(0)])),
    builtin(builtins.streamDropReadable, index(0)),
    coreModule(readerModule),
    coreExports(["memory", "memory", 0], ["read", "func", 0], ["drop", "func", 1]),
    coreInstantiate(1, ["env", 1]),
    coreAlias("func", 2, "sum"),
    lift(2, 1),
    exportItem("sum", "func", 0),
  );
}
