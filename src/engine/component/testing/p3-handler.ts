import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  asyncFunctionType,
  builtin,
  builtins,
  type Bytes,
  channelType,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  exportInstance,
  exportItem,
  extern,
  importItem,
  index,
  lift,
  list,
  lower,
  option,
  own,
  primitive,
  resultType,
  types,
} from "./encode-component.ts";
import { InterfaceType } from "./interface-type.ts";

const memoryModule = wat(`(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get 3)))
    (local.get $at)))`);

/** Answers by the first letter of the path: `t`raps, `e`rrs, `w`aits for ever, and else sends the body back. */
const handlerModule = wat(`(module
  (import "env" "memory" (memory 1))
  (import "env" "path" (func $path (param i32 i32)))
  (import "env" "consume" (func $consume (param i32 i32 i32)))
  (import "env" "fields" (func $fields (result i32)))
  (import "env" "response" (func $response (param i32 i32 i32 i32 i32)))
  (import "env" "future-new" (func $future-new (result i64)))
  (import "env" "future-read" (func $future-read (param i32 i32) (result i32)))
  (import "env" "set-new" (func $set-new (result i32)))
  (import "env" "join" (func $join (param i32 i32)))
  (import "env" "return" (func $return (param i32 i32)))
  (func (export "handle") (param $request i32) (result i32) (local $letter i32) (local $reader i32) (local $set i32)
    (call $path (local.get $request) (i32.const 16))
    (local.set $letter (i32.load8_u (i32.add (i32.load (i32.const 20)) (i32.const 1))))
    (if (i32.eq (local.get $letter) (i32.const 116)) (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 101)) (then
      (call $return (i32.const 1) (i32.const 0))
      (return (i32.const 0))))
    (local.set $reader (i32.wrap_i64 (call $future-new)))
    (if (i32.eq (local.get $letter) (i32.const 119)) (then
      (drop (call $future-read (local.get $reader) (i32.const 64)))
      (local.set $set (call $set-new))
      (call $join (local.get $reader) (local.get $set))
      (return (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))))
    (call $consume (local.get $request) (local.get $reader) (i32.const 32))
    (call $response (call $fields) (i32.const 1) (i32.load (i32.const 32)) (i32.load (i32.const 36)) (i32.const 48))
    (call $return (i32.const 0) (i32.load (i32.const 48)))
    (i32.const 0))
  (func (export "callback") (param i32 i32 i32) (result i32) unreachable))`);

/** What the handler imports of `wasi:http/types`, with two of the many errors that there are. */
function httpTypes(): Bytes {
  const type = new InterfaceType().resource("fields").resource("request").resource("response");
  const failure = type.variant("error-code", [["HTTP-request-denied"], ["connection-terminated"]]);
  const fields = type.own("fields");
  const bytes = type.channel("stream", primitive.u8);
  const trailers = type.channel("future", type.result(type.option(fields), failure));
  const sent = type.channel("future", type.result(undefined, failure));
  type.func("[method]request.get-path-with-query", [["self", type.borrow("request")]], type.option(primitive.string));
  type.func(
    "[static]request.consume-body",
    [
      ["this", type.own("request")],
      ["res", sent],
    ],
    type.tuple(bytes, trailers),
  );
  type.func("[constructor]fields", [], fields);
  type.func(
    "[static]response.new",
    [
      ["headers", fields],
      ["contents", type.option(bytes)],
      ["trailers", trailers],
    ],
    type.tuple(type.own("response"), sent),
  );
  return type.bytes;
}

const imported = [
  "[method]request.get-path-with-query",
  "[static]request.consume-body",
  "[constructor]fields",
  "[static]response.new",
];

/** A component that answers requests as WASI 0.3 has it. */
export function p3Handler(version = "0.3.0"): Uint8Array<ArrayBuffer> {
  return component(
    types(httpTypes()),
    importItem(`wasi:http/types@${version}`, extern.instance(0)),
    alias("type", 0, "error-code"),
    alias("type", 0, "request"),
    alias("type", 0, "response"),
    types(
      resultType(undefined, index(1)),
      channelType("future", index(4)),
      own(2),
      own(3),
      resultType(index(7), index(1)),
      asyncFunctionType([["request", index(6)]], index(8)),
    ),
    ...imported.map((name) => alias("func", 0, name)),
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    coreAlias("func", 0, "realloc"),
    ...imported.map((_name, at) => lower(at, option.memory(0), option.realloc(0))),
    builtin(builtins.futureNew, index(5)),
    builtin(builtins.futureRead, index(5), list([option.async, option.memory(0)])),
    builtin(builtins.waitableSetNew),
    builtin(builtins.waitableJoin),
    builtin(builtins.taskReturn, [0x00], index(8), list([option.memory(0)])),
    coreModule(handlerModule),
    coreExports(
      ["memory", "memory", 0],
      ["path", "func", 1],
      ["consume", "func", 2],
      ["fields", "func", 3],
      ["response", "func", 4],
      ["future-new", "func", 5],
      ["future-read", "func", 6],
      ["set-new", "func", 7],
      ["join", "func", 8],
      ["return", "func", 9],
    ),
    coreInstantiate(1, ["env", 1]),
    coreAlias("func", 2, "handle"),
    coreAlias("func", 2, "callback"),
    lift(10, 9, option.async, option.callback(11), option.memory(0)),
    exportInstance(["handle", "func", imported.length]),
    exportItem(`wasi:http/handler@${version}`, "instance", 1),
  );
}
