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
  enumType,
  exportInstance,
  exportItem,
  extern,
  functionType,
  importItem,
  index,
  instanceType,
  lift,
  list,
  lower,
  option,
  primitive,
  resultType,
  tupleType,
  types,
} from "./encode-component.ts";

const memoryModule = wat(`(module (memory (export "memory") 2))`);

/** Where things lie in memory: answers of calls, then the piece that is under way. */
const places = { answer: 16, outcome: 64, piece: 1_024, pieceBytes: 65_536 } as const;

/** Copies stdin to stdout, piece by piece; each call that would wait goes on by callback, by the phase it is in. */
const copierModule = wat(`(module
  (import "env" "memory" (memory 2))
  (import "env" "read-via-stream" (func $stdin (param i32)))
  (import "env" "write-via-stream" (func $stdout (param i32) (result i32)))
  (import "env" "stream-new" (func $stream-new (result i64)))
  (import "env" "read" (func $read (param i32 i32 i32) (result i32)))
  (import "env" "write" (func $write (param i32 i32 i32) (result i32)))
  (import "env" "future-read" (func $future-read (param i32 i32) (result i32)))
  (import "env" "drop-readable" (func $drop-readable (param i32)))
  (import "env" "drop-writable" (func $drop-writable (param i32)))
  (import "env" "set-new" (func $set-new (result i32)))
  (import "env" "join" (func $join (param i32 i32)))
  (import "env" "return" (func $return (param i32)))
  (global $input (mut i32) (i32.const 0))
  (global $output (mut i32) (i32.const 0))
  (global $outcome (mut i32) (i32.const 0))
  (global $set (mut i32) (i32.const 0))
  (global $phase (mut i32) (i32.const 0))
  (global $at (mut i32) (i32.const 0))
  (global $left (mut i32) (i32.const 0))
  (global $ended (mut i32) (i32.const 0))

  (func (export "run") (result i32) (local $pair i64)
    (global.set $set (call $set-new))
    (call $stdin (i32.const ${places.answer}))
    (global.set $input (i32.load (i32.const ${places.answer})))
    (local.set $pair (call $stream-new))
    (global.set $output (i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32))))
    (global.set $outcome (call $stdout (i32.wrap_i64 (local.get $pair))))
    (call $go))

  (func (export "callback") (param $event i32) (param $index i32) (param $payload i32) (result i32)
    (call $take (local.get $payload))
    (call $go))

  ;; Acts in the phase until something has to be waited for, or all is done.
  (func $go (result i32) (local $result i32)
    (loop $more
      (if (i32.eq (global.get $phase) (i32.const 0)) (then
        (local.set $result (call $read (global.get $input) (i32.const ${places.piece}) (i32.const ${places.pieceBytes})))
        (if (i32.eq (local.get $result) (i32.const -1)) (then (return (call $wait (global.get $input)))))))
      (if (i32.eq (global.get $phase) (i32.const 1)) (then
        (local.set $result (call $write (global.get $output) (global.get $at) (global.get $left)))
        (if (i32.eq (local.get $result) (i32.const -1)) (then (return (call $wait (global.get $output)))))))
      (if (i32.eq (global.get $phase) (i32.const 2)) (then
        (local.set $result (call $future-read (global.get $outcome) (i32.const ${places.outcome})))
        (if (i32.eq (local.get $result) (i32.const -1)) (then (return (call $wait (global.get $outcome)))))))
      (call $take (local.get $result))
      (br_if $more (i32.lt_u (global.get $phase) (i32.const 3))))
    (call $return (i32.load8_u (i32.const ${places.outcome})))
    (i32.const 0))

  (func $wait (param $on i32) (result i32)
    (call $join (local.get $on) (global.get $set))
    (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))

  ;; What a call of the phase came to.
  (func $take (param $result i32) (local $count i32)
    (local.set $count (i32.shr_u (local.get $result) (i32.const 4)))
    (if (i32.eq (global.get $phase) (i32.const 0)) (then
      (global.set $at (i32.const ${places.piece}))
      (global.set $left (local.get $count))
      (global.set $ended (i32.and (local.get $result) (i32.const 15)))
      (call $next)
      (return)))
    (if (i32.eq (global.get $phase) (i32.const 1)) (then
      (global.set $at (i32.add (global.get $at) (local.get $count)))
      (global.set $left (i32.sub (global.get $left) (local.get $count)))
      (if (i32.and (local.get $result) (i32.const 15)) (then
        (global.set $left (i32.const 0))
        (global.set $ended (i32.const 1))))
      (call $next)
      (return)))
    (global.set $phase (i32.const 3)))

  ;; Writes what is left, else reads on, else ends both streams and asks how it went.
  (func $next
    (global.set $phase (i32.ne (global.get $left) (i32.const 0)))
    (if (i32.and (global.get $ended) (i32.eqz (global.get $left))) (then
      (global.set $phase (i32.const 2))
      (call $drop-readable (global.get $input))
      (call $drop-writable (global.get $output))))))`);

/** (instance (export "error-code" (type (eq enum))) …) with types for the streams of `wasi:cli`. */
function stdioType(...function_: Parameters<typeof declareExport>) {
  return instanceType(
    declareType(enumType("io", "illegal-byte-sequence", "pipe")),
    declareExport("error-code", extern.same(0)),
    declareType(resultType(undefined, index(1))),
    declareType(channelType("future", index(2))),
    declareType(channelType("stream", primitive.u8)),
    declareType(tupleType(index(4), index(3))),
    declareType(functionType([], index(5))),
    declareType(functionType([["data", index(4)]], index(3))),
    declareExport(...function_),
  );
}

/** A command of WASI 0.3 that copies its stdin to its stdout, in the version given. */
export function copyingCommand(version = "0.3.0"): Uint8Array<ArrayBuffer> {
  return component(
    types(stdioType("read-via-stream", extern.func(6)), stdioType("write-via-stream", extern.func(7))),
    importItem(`wasi:cli/stdin@${version}`, extern.instance(0)),
    importItem(`wasi:cli/stdout@${version}`, extern.instance(1)),
    alias("type", 1, "error-code"),
    types(resultType(undefined, index(2)), channelType("future", index(3)), channelType("stream", primitive.u8)),
    alias("func", 0, "read-via-stream"),
    alias("func", 1, "write-via-stream"),
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    lower(0, option.memory(0)),
    lower(1, option.memory(0)),
    ...builtinsOfStreams(),
    types(resultType()),
    builtin(builtins.taskReturn, [0x00], index(6), list([])),
    coreModule(copierModule),
    coreExports(
      ["memory", "memory", 0],
      ["read-via-stream", "func", 0],
      ["write-via-stream", "func", 1],
      ["stream-new", "func", 2],
      ["read", "func", 3],
      ["write", "func", 4],
      ["drop-readable", "func", 5],
      ["drop-writable", "func", 6],
      ["future-read", "func", 7],
      ["set-new", "func", 8],
      ["join", "func", 9],
      ["return", "func", 10],
    ),
    coreInstantiate(1, ["env", 1]),
    coreAlias("func", 2, "run"),
    coreAlias("func", 2, "callback"),
    types(asyncFunctionType([], index(6))),
    lift(11, 7, option.async, option.callback(12)),
    exportInstance(["run", "func", 2]),
    exportItem(`wasi:cli/run@${version}`, "instance", 2),
  );
}

/** Core functions 2 to 9: those of a stream of type 5, of a future of type 4, and of what waits for them. */
function builtinsOfStreams() {
  const copying = list([option.async, option.memory(0)]);
  return [
    builtin(builtins.streamNew, index(5)),
    builtin(builtins.streamRead, index(5), copying),
    builtin(builtins.streamWrite, index(5), copying),
    builtin(builtins.streamDropReadable, index(5)),
    builtin(builtins.streamDropWritable, index(5)),
    builtin(builtins.futureRead, index(4), copying),
    builtin(builtins.waitableSetNew),
    builtin(builtins.waitableJoin),
  ];
}
