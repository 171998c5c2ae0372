import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  type Bytes,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  exportItem,
  extern,
  functionType,
  importItem,
  lift,
  listType,
  lower,
  option,
  primitive,
  section,
  tupleType,
  typeIndex,
  types,
} from "./encode-component.ts";
import { enumType, InterfaceType, optionType, recordType, resultType, variantType } from "./instance-types.ts";

/** Codes of `wasi:sockets/network#error-code`, in their order: what the client prints is an index into it. */
export const socketErrorCodes = [
  "unknown",
  "access-denied",
  "not-supported",
  "invalid-argument",
  "out-of-memory",
  "timeout",
  "concurrency-conflict",
  "not-in-progress",
  "would-block",
  "invalid-state",
  "new-socket-limit",
  "address-not-bindable",
  "address-in-use",
  "remote-unreachable",
  "connection-refused",
  "connection-reset",
  "connection-aborted",
  "datagram-too-large",
  "name-unresolvable",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
] as const;

/** Whom a client asks and what it says; the host is a name or an address of IPv4. */
export interface ClientTarget {
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

/**
 * A command of WASI 0.2 that looks a host up, connects to the first of its addresses, sends a text, ends its half and
 * prints all that comes back. Where something fails it prints `!` and a letter for the code, `a` for the first, and
 * ends with an error.
 */
export function clientComponent(target: ClientTarget): Uint8Array<ArrayBuffer> {
  const builder = new ClientBuilder();
  builder.importAll();
  return builder.finish(target);
}

class ClientBuilder {
  readonly #sections: Bytes[] = [];
  readonly #functions: string[] = [];
  #types = 0;
  #instances = 0;

  importAll(): void {
    const poll = new InterfaceType();
    poll.function("[method]pollable.block", [["self", poll.borrow(poll.resource("pollable"))]]);
    const pollable = this.#typeOf(this.#import("wasi:io/poll@0.2.6", poll, ["[method]pollable.block"]), "pollable");
    const errors = new InterfaceType();
    errors.resource("error");
    const error = this.#typeOf(this.#import("wasi:io/error@0.2.6", errors, []), "error");
    const [input, output] = this.#importStreams(error);
    const stdout = new InterfaceType();
    stdout.function("get-stdout", [], stdout.own(stdout.outer(output)));
    this.#import("wasi:cli/stdout@0.2.6", stdout, ["get-stdout"]);
    const network = this.#importNetwork();
    this.#importLookUp(pollable, network);
    this.#importTcp({ pollable, input, output, ...network });
  }

  finish(target: ClientTarget): Uint8Array<ArrayBuffer> {
    const host = this.#functions.map((name, at): readonly [string, "func", number] => [name, "func", at + 1]);
    const memory = wat(memoryModule(target));
    return component(
      ...this.#sections,
      coreModule(memory),
      coreInstantiate(0),
      coreAlias("memory", 0, "memory"),
      coreAlias("func", 0, "realloc"),
      ...this.#functions.map((_, at) => lower(at, option.memory(0), option.realloc(0))),
      coreModule(wat(clientModule(target))),
      coreExports(...host),
      coreInstantiate(1, ["host", 1], ["own", 0]),
      coreAlias("func", 2, "run"),
      types(resultType(undefined, undefined), functionType([], typeIndex(this.#types))),
      lift(this.#functions.length + 1, this.#types + 1),
      section(5, [1, 0x01, 1, 0x00, 3, ...Buffer.from("run"), 0x01, this.#functions.length]),
      exportItem("wasi:cli/run@0.2.6", "instance", this.#instances),
    );
  }

  #import(name: string, { type }: InterfaceType, functions: readonly string[]): number {
    this.#sections.push(types(type), importItem(name, extern.instance(this.#types++)));
    for (const member of functions) {
      this.#sections.push(alias("func", this.#instances, member));
      this.#functions.push(member.replace(/^\[method\]/u, ""));
    }
    return this.#instances++;
  }

  #typeOf(instance: number, name: string): number {
    this.#sections.push(alias("type", instance, name));
    return this.#types++;
  }

  #importStreams(error: number): readonly [input: number, output: number] {
    const streams = new InterfaceType();
    const failed = streams.own(streams.outer(error));
    const [input, output] = [streams.resource("input-stream"), streams.resource("output-stream")];
    const failure = streams.named(
      "stream-error",
      variantType(["last-operation-failed", failed], ["closed", undefined]),
    );
    const bytes = streams.define(listType(primitive.u8));
    const [read, write] = [
      "[method]input-stream.blocking-read",
      "[method]output-stream.blocking-write-and-flush",
    ] as const;
    const chunk = streams.define(resultType(bytes, failure));
    streams.function(
      read,
      [
        ["self", streams.borrow(input)],
        ["len", primitive.u64],
      ],
      chunk,
    );
    const written = streams.define(resultType(undefined, failure));
    streams.function(
      write,
      [
        ["self", streams.borrow(output)],
        ["contents", bytes],
      ],
      written,
    );
    const instance = this.#import("wasi:io/streams@0.2.6", streams, [read, write]);
    return [this.#typeOf(instance, "input-stream"), this.#typeOf(instance, "output-stream")];
  }

  #importNetwork() {
    const network = new InterfaceType();
    network.resource("network");
    network.named("error-code", enumType(...socketErrorCodes));
    network.named("ip-address-family", enumType("ipv4", "ipv6"));
    const { u8, u16, u32 } = primitive;
    const four = network.define(tupleType(u8, u8, u8, u8));
    const six = network.define(tupleType(u16, u16, u16, u16, u16, u16, u16, u16));
    network.named("ip-address", variantType(["ipv4", four], ["ipv6", six]));
    const fourth = network.named("ipv4-socket-address", recordType(["port", u16], ["address", four]));
    const sixth = network.named(
      "ipv6-socket-address",
      recordType(["port", u16], ["flow-info", u32], ["address", six], ["scope-id", u32]),
    );
    network.named("ip-socket-address", variantType(["ipv4", fourth], ["ipv6", sixth]));
    const instance = this.#import("wasi:sockets/network@0.2.6", network, []);
    const found = {
      network: this.#typeOf(instance, "network"),
      code: this.#typeOf(instance, "error-code"),
      family: this.#typeOf(instance, "ip-address-family"),
      address: this.#typeOf(instance, "ip-address"),
      endpoint: this.#typeOf(instance, "ip-socket-address"),
    };
    const own = new InterfaceType();
    own.function("instance-network", [], own.own(own.outer(found.network)));
    this.#import("wasi:sockets/instance-network@0.2.6", own, ["instance-network"]);
    return found;
  }

  #importLookUp(
    pollable: number,
    found: { readonly network: number; readonly code: number; readonly address: number },
  ): void {
    const lookUp = new InterfaceType();
    const [ready, network] = [lookUp.outer(pollable), lookUp.outer(found.network)];
    const code = lookUp.outer(found.code);
    const address = lookUp.outer(found.address);
    const stream = lookUp.resource("resolve-address-stream");
    const begun = lookUp.define(resultType(lookUp.own(stream), typeIndex(code)));
    lookUp.function(
      "resolve-addresses",
      [
        ["network", lookUp.borrow(network)],
        ["name", primitive.string],
      ],
      begun,
    );
    const next = lookUp.define(resultType(lookUp.define(optionType(typeIndex(address))), typeIndex(code)));
    const [nextName, subscribe] = [
      "[method]resolve-address-stream.resolve-next-address",
      "[method]resolve-address-stream.subscribe",
    ] as const;
    lookUp.function(nextName, [["self", lookUp.borrow(stream)]], next);
    lookUp.function(subscribe, [["self", lookUp.borrow(stream)]], lookUp.own(ready));
    this.#import("wasi:sockets/ip-name-lookup@0.2.6", lookUp, ["resolve-addresses", nextName, subscribe]);
  }

  #importTcp(
    found: Readonly<Record<"pollable" | "input" | "output" | "network" | "code" | "family" | "endpoint", number>>,
  ): void {
    const tcp = new InterfaceType();
    const socket = tcp.resource("tcp-socket");
    const [ready, network] = [tcp.outer(found.pollable), tcp.outer(found.network)];
    const [code, endpoint] = [typeIndex(tcp.outer(found.code)), typeIndex(tcp.outer(found.endpoint))];
    const [input, output] = [tcp.own(tcp.outer(found.input)), tcp.own(tcp.outer(found.output))];
    const which = tcp.named("shutdown-type", enumType("receive", "send", "both"));
    const done = tcp.define(resultType(undefined, code));
    const streams = tcp.define(resultType(tcp.define(tupleType(input, output)), code));
    const self = (): readonly [string, Bytes] => ["self", tcp.borrow(socket)];
    const methods = ["start-connect", "finish-connect", "subscribe", "shutdown"].map(
      (name) => `[method]tcp-socket.${name}`,
    );
    const [start = "", finish = "", subscribe = "", shutdown = ""] = methods;
    tcp.function(start, [self(), ["network", tcp.borrow(network)], ["remote-address", endpoint]], done);
    tcp.function(finish, [self()], streams);
    tcp.function(subscribe, [self()], tcp.own(ready));
    tcp.function(shutdown, [self(), ["shutdown-type", which]], done);
    const instance = this.#import("wasi:sockets/tcp@0.2.6", tcp, methods);
    const create = new InterfaceType();
    const made = create.outer(this.#typeOf(instance, "tcp-socket"));
    const failure = typeIndex(create.outer(found.code));
    const family = typeIndex(create.outer(found.family));
    create.function(
      "create-tcp-socket",
      [["address-family", family]],
      create.define(resultType(create.own(made), failure)),
    );
    this.#import("wasi:sockets/tcp-create-socket@0.2.6", create, ["create-tcp-socket"]);
  }
}

const hostAt = 1_024;
const textAt = 2_048;

/** What the host writes into: `realloc` gives the same page again and again, for the client keeps nothing. */
function memoryModule({ host, text }: ClientTarget): string {
  return `(module (memory (export "memory") 3)
    (data (i32.const ${hostAt}) "${host}") (data (i32.const ${textAt}) "${escaped(text)}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))`;
}

/** Results are written to address 0; what the byte at 0 says is whether a call went well. */
function clientModule({ host, port, text }: ClientTarget): string {
  const zeroes = "(i32.const 0) ".repeat(6);
  return `(module (import "own" "memory" (memory 3))
    (import "host" "pollable.block" (func $block (param i32)))
    (import "host" "input-stream.blocking-read" (func $read (param i32 i64 i32)))
    (import "host" "output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
    (import "host" "get-stdout" (func $stdout (result i32)))
    (import "host" "instance-network" (func $network (result i32)))
    (import "host" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
    (import "host" "resolve-address-stream.resolve-next-address" (func $next (param i32 i32)))
    (import "host" "resolve-address-stream.subscribe" (func $found (param i32) (result i32)))
    (import "host" "tcp-socket.start-connect" (func $start (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "tcp-socket.finish-connect" (func $finish (param i32 i32)))
    (import "host" "tcp-socket.subscribe" (func $settled (param i32) (result i32)))
    (import "host" "tcp-socket.shutdown" (func $shutdown (param i32 i32 i32)))
    (import "host" "create-tcp-socket" (func $create (param i32 i32)))
    (global $out (mut i32) (i32.const 0))
    (func $isWrong (result i32) (i32.load8_u (i32.const 0)))
    (func $print (param $at i32) (param $length i32)
      (call $write (global.get $out) (local.get $at) (local.get $length) (i32.const 32)))
    (func $say (param $at i32) (result i32)
      (i32.store8 (i32.const 64) (i32.const 33))
      (i32.store8 (i32.const 65) (i32.add (i32.const 97) (i32.load8_u (local.get $at))))
      (i32.store8 (i32.const 66) (i32.const 10))
      (call $print (i32.const 64) (i32.const 3)) (i32.const 1))
    (func (export "run") (result i32)
      (local $net i32) (local $it i32) (local $socket i32) (local $in i32) (local $to i32)
      (global.set $out (call $stdout)) (local.set $net (call $network))
      (call $resolve (local.get $net) (i32.const ${hostAt}) (i32.const ${host.length}) (i32.const 0))
      (if (call $isWrong) (then (return (call $say (i32.const 4)))))
      (local.set $it (i32.load (i32.const 4)))
      (call $block (call $found (local.get $it)))
      (call $next (local.get $it) (i32.const 128))
      (if (i32.load8_u (i32.const 128)) (then (return (call $say (i32.const 130)))))
      (call $create (i32.const 0) (i32.const 0))
      (if (call $isWrong) (then (return (call $say (i32.const 4)))))
      (local.set $socket (i32.load (i32.const 4)))
      (call $start (local.get $socket) (local.get $net) (i32.const 0) (i32.const ${port})
        (i32.load8_u (i32.const 134)) (i32.load8_u (i32.const 135)) (i32.load8_u (i32.const 136)) (i32.load8_u (i32.const 137))
        ${zeroes} (i32.const 0))
      (if (call $isWrong) (then (return (call $say (i32.const 1)))))
      (call $block (call $settled (local.get $socket)))
      (call $finish (local.get $socket) (i32.const 0))
      (if (call $isWrong) (then (return (call $say (i32.const 4)))))
      (local.set $in (i32.load (i32.const 4))) (local.set $to (i32.load (i32.const 8)))
      (call $write (local.get $to) (i32.const ${textAt}) (i32.const ${text.length}) (i32.const 0))
      (call $shutdown (local.get $socket) (i32.const 1) (i32.const 0))
      (loop $more
        (call $read (local.get $in) (i64.const 1024) (i32.const 0))
        (if (i32.eqz (call $isWrong)) (then (call $print (i32.load (i32.const 4)) (i32.load (i32.const 8))) (br $more))))
      (i32.const 0)))`;
}

/** A text as WAT writes bytes. */
function escaped(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}
