import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  asyncFunctionType,
  builtin,
  builtins,
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
  instanceType,
  lift,
  list,
  lower,
  option,
  primitive,
  types,
} from "./encode-component.ts";

/**
 * Begins a call of `later`, which does not answer at once, lets the host's `block` suspend it, and takes the call back.
 * Returns the state of the call, and a hundred times what `block` answered.
 */
const cancellerModule = wat(`(module
  (import "env" "later" (func $later (result i32)))
  (import "env" "block" (func $block (result i32)))
  (import "env" "cancel" (func $cancel (param i32) (result i32)))
  (import "env" "drop" (func $drop (param i32)))
  (import "env" "return" (func $return (param i32)))
  (func (export "run") (result i32) (local $subtask i32) (local $blocked i32) (local $state i32)
    (local.set $subtask (i32.shr_u (call $later) (i32.const 4)))
    (local.set $blocked (i32.mul (call $block) (i32.const 100)))
    (local.set $state (call $cancel (local.get $subtask)))
    (call $drop (local.get $subtask))
    (call $return (i32.add (local.get $blocked) (local.get $state)))
    (i32.const 0))
  (func (export "callback") (param i32 i32 i32) (result i32) unreachable))`);

/** A component with a function of async type that takes a call of the host back, and calls one that suspends it. */
export function cancellingComponent(): Uint8Array<ArrayBuffer> {
  return component(
    types(
      instanceType(
        declareType(asyncFunctionType([])),
        declareExport("later", extern.func(0)),
        declareType(functionType([], primitive.u32)),
        declareExport("block", extern.func(1)),
      ),
    ),
    importItem("test:waiting/host@0.3.0", extern.instance(0)),
    alias("func", 0, "later"),
    alias("func", 0, "block"),
    lower(0, option.async),
    lower(1),
    builtin(builtins.subtaskCancel, [0x00]),
    builtin(builtins.subtaskDrop),
    builtin(builtins.taskReturn, [0x00], primitive.u32, list([])),
    coreModule(cancellerModule),
    coreExports(
      ["later", "func", 0],
      ["block", "func", 1],
      ["cancel", "func", 2],
      ["drop", "func", 3],
      ["return", "func", 4],
    ),
    coreInstantiate(0, ["env", 0]),
    coreAlias("func", 1, "run"),
    coreAlias("func", 1, "callback"),
    types(asyncFunctionType([], primitive.u32)),
    lift(5, 1, option.async, option.callback(6)),
    exportItem("run", "func", 2),
  );
}
