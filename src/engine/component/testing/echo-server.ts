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
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))`);

/** Accepts one connection, and hands what it reads of it to what it sends there. Each call of it waits. */
function serverModule(port: number): Uint8Array {
  return wat(`(module
    (import "env" "memory" (memory 1))
    (import "env" "create" (func $create (param i32 i32)))
    (import "env" "bind" (func $bind (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "env" "listen" (func $listen (param i32 i32)))
    (import "env" "receive" (func $receive (param i32 i32)))
    (import "env" "send" (func $send (param i32 i32) (result i32)))
    (import "env" "accept" (func $accept (param i32 i32 i32) (result i32)))
    (import "env" "outcome" (func $outcome (param i32 i32) (result i32)))
    (import "env" "return" (func $return (param i32)))
    (func $check (if (i32.load8_u (i32.const 0)) (then unreachable)))
    (func (export "run") (local $listening i32) (local $connected i32)
      (call $create (i32.const 0) (i32.const 0))
      (call $check)
      (local.set $listening (i32.load (i32.const 4)))
      (call $bind (local.get $listening) (i32.const 0) (i32.const ${port})
        (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
        ${"(i32.const 0) ".repeat(7)})
      (call $check)
      (call $listen (local.get $listening) (i32.const 0))
      (call $check)
      (if (i32.ne (call $accept (i32.load (i32.const 4)) (i32.const 64) (i32.const 1)) (i32.const 16)) (then unreachable))
      (local.set $connected (i32.load (i32.const 64)))
      (call $receive (local.get $connected) (i32.const 32))
      (drop (call $outcome (call $send (local.get $connected) (i32.load (i32.const 32))) (i32.const 0)))
      (call $check)
      (drop (call $outcome (i32.load (i32.const 36)) (i32.const 0)))
      (call $return (i32.load8_u (i32.const 0)))))`);
}

const { u8, u16, u32 } = primitive;

/** What the server imports of `wasi:sockets/types`, with the errors that it may meet. */
function socketTypes(): Bytes {
  const type = new InterfaceType().resource("tcp-socket");
  const failure = type.variant("error-code", [
    ["access-denied"],
    ["address-in-use"],
    ["invalid-state"],
    ["connection-broken"],
    ["connection-reset"],
    ["other", type.option(primitive.string)],
  ]);
  const four = type.record("ipv4-socket-address", [
    ["port", u16],
    ["address", type.tuple(u8, u8, u8, u8)],
  ]);
  const six = type.record("ipv6-socket-address", [
    ["port", u16],
    ["flow-info", u32],
    ["address", type.tuple(u16, u16, u16, u16, u16, u16, u16, u16)],
    ["scope-id", u32],
  ]);
  const address = type.variant("ip-socket-address", [
    ["ipv4", four],
    ["ipv6", six],
  ]);
  const socket = type.own("tcp-socket");
  const self = (): readonly [string, Bytes] => ["self", type.borrow("tcp-socket")];
  const bytes = type.channel("stream", u8);
  const done = type.result(undefined, failure);
  const outcome = type.channel("future", done);
  const family = type.enumeration("ip-address-family", ["ipv4", "ipv6"]);
  type.func("[static]tcp-socket.create", [["address-family", family]], type.result(socket, failure));
  type.func("[method]tcp-socket.bind", [self(), ["local-address", address]], done);
  type.func("[method]tcp-socket.listen", [self()], type.result(type.channel("stream", socket), failure));
  type.func("[method]tcp-socket.receive", [self()], type.tuple(bytes, outcome));
  type.func("[method]tcp-socket.send", [self(), ["data", bytes]], outcome);
  return type.bytes;
}

const imported = [
  "[static]tcp-socket.create",
  "[method]tcp-socket.bind",
  "[method]tcp-socket.listen",
  "[method]tcp-socket.receive",
  "[method]tcp-socket.send",
];

/**
 * A command of WASI 0.3 that answers one connection to that port of 127.0.0.1 with what it is sent, up to its end, and
 * ends well where both halves did.
 */
export function echoServer(port: number, version = "0.3.0"): Uint8Array<ArrayBuffer> {
  return component(
    types(socketTypes()),
    importItem(`wasi:sockets/types@${version}`, extern.instance(0)),
    alias("type", 0, "error-code"),
    alias("type", 0, "tcp-socket"),
    types(
      own(2),
      channelType("stream", index(3)),
      resultType(undefined, index(1)),
      channelType("future", index(5)),
      resultType(),
      asyncFunctionType([], index(7)),
    ),
    ...imported.map((name) => alias("func", 0, name)),
    coreModule(memoryModule),
    coreInstantiate(0),
    coreAlias("memory", 0, "memory"),
    coreAlias("func", 0, "realloc"),
    ...imported.map((_name, at) => lower(at, option.memory(0), option.realloc(0))),
    builtin(builtins.streamRead, index(4), list([option.memory(0)])),
    builtin(builtins.futureRead, index(6), list([option.memory(0), option.realloc(0)])),
    builtin(builtins.taskReturn, [0x00], index(7), list([])),
    coreModule(serverModule(port)),
    coreExports(
      ["memory", "memory", 0],
      ["create", "func", 1],
      ["bind", "func", 2],
      ["listen", "func", 3],
      ["receive", "func", 4],
      ["send", "func", 5],
      ["accept", "func", 6],
      ["outcome", "func", 7],
      ["return", "func", 8],
    ),
    coreInstantiate(1, ["env", 1]),
    coreAlias("func", 2, "run"),
    lift(9, 8, option.async),
    exportInstance(["run", "func", imported.length]),
    exportItem(`wasi:cli/run@${version}`, "instance", 1),
  );
}
