import { encodeName } from "../../loader/section-writer.ts";
import { wat } from "../../loader/wat-fixture.ts";
import { handlerText, httpTypes, importsText, lowered, streamsType, version } from "./early-handler.ts";
import { type Bytes, component, exportItem, extern, index, list, section, types } from "./encode-component.ts";
import { InterfaceType } from "./interface-type.ts";

/** Writes the type of a world, entry by entry. */
class World {
  readonly #declarations: Bytes[] = [];
  #types = 0;
  #instances = 0;

  get bytes(): Bytes {
    return [0x41, ...list(this.#declarations)];
  }

  importInstance(name: string, type: Bytes): number {
    this.#declarations.push([0x01, ...type], [0x03, 0x00, ...encodeName(name), ...extern.instance(this.#types++)]);
    return this.#instances++;
  }

  typeOf(instance: number, name: string): number {
    this.#declarations.push([0x02, 0x03, 0x00, ...index(instance), ...encodeName(name)]);
    return this.#types++;
  }

  exportInstance(name: string, type: Bytes): void {
    this.#declarations.push([0x01, ...type], [0x04, 0x00, ...encodeName(name), ...extern.instance(this.#types++)]);
    this.#instances++;
  }
}

const streamsName = `wasi:io/streams@${version}`;
const typesName = `wasi:http/types@${version}`;

/** Has no function of streams: another library of the module has. */
function triggerWorld(): Bytes {
  const world = new World();
  const streams = world.importInstance(streamsName, streamsType(false));
  const http = world.importInstance(typesName, httpTypes(world.typeOf(streams, "output-stream")));
  const handler = new InterfaceType();
  handler.outer("incoming-request", world.typeOf(http, "incoming-request"));
  handler.outer("response-outparam", world.typeOf(http, "response-outparam"));
  handler.func("handle", [
    ["request", handler.own("incoming-request")],
    ["response-out", handler.own("response-outparam")],
  ]);
  world.exportInstance(`wasi:http/incoming-handler@${version}`, handler.bytes);
  return world.bytes;
}

function platformWorld(): Bytes {
  const world = new World();
  world.importInstance(streamsName, streamsType());
  return world.bytes;
}

/** A package that has one world, as a component. */
function packageOf(name: string, world: Bytes): Uint8Array {
  const exported: Bytes = [0x04, 0x00, ...encodeName(`test:app/${name}`), 0x04, 0x00];
  return component(types([0x41, ...list([[0x01, ...world], exported])]), exportItem(name, "type", 0));
}

function custom(name: string, content: Bytes): Bytes {
  return section(0, [...encodeName(name), ...content]);
}

const utf8 = 0x00;
const utf16 = 0x01;

/** A module that says for which worlds it was built: one in the form of 2023, one in that of today. */
export function worldModule(core: Uint8Array, encoding: number = utf8): Uint8Array<ArrayBuffer> {
  const trigger: Bytes = [0x03, 0x00, ...encodeName("trigger"), ...packageOf("trigger", triggerWorld())];
  const platform = [...packageOf("platform", platformWorld()), ...custom("wit-component-encoding", [0x04, encoding])];
  return Uint8Array.from([
    ...core,
    ...custom("component-type:trigger", trigger),
    ...custom("component-type:platform", platform),
  ]);
}

function place(word: string): readonly [module: string, name: string] {
  if (word === "write") return [streamsName, "[method]output-stream.blocking-write-and-flush"];
  if (word === "drop-output") return [streamsName, "[resource-drop]output-stream"];
  const name = Object.keys(lowered).find((key) => lowered[key] === word);
  return [typesName, name ?? word];
}

const ownText = `
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $ready (mut i32) (i32.const 0))
  (data (i32.const 112) "\\80\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 128) "asked\\0a")
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))`;

const beforeText = `
  (if (i32.eqz (global.get $ready)) (then unreachable))
  (drop (call $fd_write (i32.const 1) (i32.const 112) (i32.const 1) (i32.const 4)))`;

/** What Spin's SDKs of 2023 make: a core module that answers requests and writes to standard output by WASI 0.1. */
export function earlyModule(others = ""): Uint8Array<ArrayBuffer> {
  const handler = `wasi:http/incoming-handler@${version}#handle`;
  return worldModule(wat(handlerText(importsText(place) + others + ownText, handler, beforeText)));
}

/** One whose strings are UTF-16. */
export function wideModule(): Uint8Array<ArrayBuffer> {
  return worldModule(wat("(module)"), utf16);
}

/** What Spin's first SDKs make: it says nothing of its world, and sends the body back with the URI in a field. */
export function oldestModule(): Uint8Array<ArrayBuffer> {
  return wat(`(module (memory (export "memory") 8)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 64) "x-uri")
    (func (export "canonical_abi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get $size))))
    (func (export "handle-http-request") (param $method i32) (param $uri i32) (param $uri_length i32)
      (param i32 i32 i32 i32) (param $has_body i32) (param $body i32) (param $body_length i32) (result i32)
      (i32.store16 (i32.const 16) (select (i32.const 201) (i32.const 99) (local.get $method)))
      (i32.store8 (i32.const 20) (i32.const 1))
      (i32.store (i32.const 24) (i32.const 48)) (i32.store (i32.const 28) (i32.const 1))
      (i32.store (i32.const 48) (i32.const 64)) (i32.store (i32.const 52) (i32.const 5))
      (i32.store (i32.const 56) (local.get $uri)) (i32.store (i32.const 60) (local.get $uri_length))
      (i32.store8 (i32.const 32) (local.get $has_body))
      (i32.store (i32.const 36) (local.get $body)) (i32.store (i32.const 40) (local.get $body_length))
      (i32.const 16)))`);
}
