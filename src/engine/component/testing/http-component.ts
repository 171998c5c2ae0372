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
  lower,
  option,
  own,
  resourceFunction,
  section,
  typeIndex,
  types,
} from "./encode-component.ts";
import { errorType, httpTypesType, outgoingHandlerType, pollType, streamsType } from "./http-interfaces.ts";

/** Counts what a component has so far, so that its entries can be named by words. */
export class HttpComponent {
  readonly #sections: Bytes[] = [];
  #types = 0;
  #instances = 0;
  #functions = 0;
  /** The memory's module comes first and exports one function. */
  #coreFunctions = 1;
  readonly #lowered: (readonly [string, "func", number])[] = [];

  add(...sections: readonly Bytes[]): void {
    this.#sections.push(...sections);
  }

  importInstance(name: string, type: Bytes): number {
    this.add(types(type), importItem(name, extern.instance(this.#types++)));
    return this.#instances++;
  }

  typeOf(instance: number, name: string): number {
    this.add(alias("type", instance, name));
    return this.#types++;
  }

  /** A type of the component itself. */
  define(type: Bytes): number {
    this.add(types(type));
    return this.#types++;
  }

  /** Memory and allocator; after what is imported, before what is lowered. */
  addMemory(): void {
    this.add(
      coreModule(wat(memoryModule)),
      coreInstantiate(0),
      coreAlias("memory", 0, "memory"),
      coreAlias("func", 0, "realloc"),
    );
  }

  /** Gives the core module a function of an imported instance, under the word after the last dot. */
  lower(instance: number, name: string, as: string): void {
    this.add(alias("func", instance, name), lower(this.#functions++, option.memory(0), option.realloc(0)));
    this.#lowered.push([as, "func", this.#coreFunctions++]);
  }

  drop(type: number, as: string): void {
    this.add(resourceFunction("drop", type));
    this.#lowered.push([as, "func", this.#coreFunctions++]);
  }

  /** The core module with the host's functions, its `handle` lifted and exported. */
  finish(core: Uint8Array, handler: string, parameters: readonly [number, number]): Uint8Array<ArrayBuffer> {
    const [request, outparam] = parameters.map((type) => this.define(own(type)));
    const type = this.define(
      functionType([
        ["request", typeIndex(request ?? 0)],
        ["response-out", typeIndex(outparam ?? 0)],
      ]),
    );
    this.add(
      coreModule(core),
      coreExports(...this.#lowered),
      coreInstantiate(1, ["host", 1], ["env", 0]),
      coreAlias("func", 2, "handle"),
      lift(this.#coreFunctions, type),
      handlerInstance(this.#functions),
      exportItem(handler, "instance", this.#instances),
    );
    return component(...this.#sections);
  }
}

/** (instance (export "handle" (func …))) */
function handlerInstance(functionIndex: number): Bytes {
  const name = [6, ...Buffer.from("handle")];
  return section(5, [1, 0x01, 1, 0x00, ...name, 0x01, functionIndex]);
}

/** Memory and allocator, which the host's functions write through. */
const memoryModule = `(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $next) (local.get 3)) (i32.const 131064))
      (then (global.set $next (i32.const 65536))))
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at)))`;

const streamFunctions = ["input-stream.blocking-read", "output-stream.blocking-write-and-flush"];

/** Names of the core module's functions, by the functions of the host. */
const httpFunctions: Readonly<Record<string, string>> = {
  "[constructor]fields": "fields",
  "[method]fields.append": "append",
  "[method]incoming-request.path-with-query": "path",
  "[method]incoming-request.headers": "headers",
  "[method]incoming-request.consume": "consume",
  "[method]incoming-response.consume": "consume-response",
  "[method]incoming-body.stream": "stream",
  "[static]incoming-body.finish": "finish-input",
  "[constructor]outgoing-response": "response",
  "[method]outgoing-response.set-status-code": "set-status",
  "[method]outgoing-response.body": "body",
  "[method]outgoing-body.write": "write-stream",
  "[static]outgoing-body.finish": "finish",
  "[static]response-outparam.set": "set",
  "[method]response-outparam.send-informational": "inform",
  "[constructor]outgoing-request": "request",
  "[method]outgoing-request.set-authority": "set-authority",
  "[method]outgoing-request.set-scheme": "set-scheme",
  "[method]outgoing-request.set-path-with-query": "set-path",
  "[method]future-incoming-response.subscribe": "subscribe",
  "[method]future-incoming-response.get": "get",
};

/** What the core module may import from "host", with the flat types of the canonical ABI. */
const httpImports = `
  (import "env" "memory" (memory 2))
  (import "host" "fields" (func $fields (result i32)))
  (import "host" "append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "host" "path" (func $path (param i32 i32)))
  (import "host" "headers" (func $headers (param i32) (result i32)))
  (import "host" "consume" (func $consume (param i32 i32)))
  (import "host" "consume-response" (func $consume_response (param i32 i32)))
  (import "host" "stream" (func $stream (param i32 i32)))
  (import "host" "finish-input" (func $finish_input (param i32) (result i32)))
  (import "host" "response" (func $response (param i32) (result i32)))
  (import "host" "set-status" (func $set_status (param i32 i32) (result i32)))
  (import "host" "body" (func $body (param i32 i32)))
  (import "host" "write-stream" (func $write_stream (param i32 i32)))
  (import "host" "finish" (func $finish (param i32 i32 i32 i32)))
  (import "host" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "host" "request" (func $request (param i32) (result i32)))
  (import "host" "set-authority" (func $set_authority (param i32 i32 i32 i32) (result i32)))
  (import "host" "set-scheme" (func $set_scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "host" "set-path" (func $set_path (param i32 i32 i32 i32) (result i32)))
  (import "host" "subscribe" (func $subscribe (param i32) (result i32)))
  (import "host" "get" (func $get (param i32 i32)))
  (import "host" "send" (func $send (param i32 i32 i32 i32)))
  (import "host" "block" (func $block (param i32)))
  (import "host" "read" (func $read (param i32 i64 i32)))
  (import "host" "write" (func $write (param i32 i32 i32 i32)))
  (import "host" "drop-input" (func $drop_input (param i32)))
  (import "host" "drop-output" (func $drop_output (param i32)))`;

/** Imported by those that call it only: not every host has it. */
const informImport = `
  (import "host" "inform" (func $inform (param i32 i32 i32 i32)))`;

/** An interface of others than WASI that a component imports too. */
export interface OtherInterface {
  readonly name: string;
  readonly type: Bytes;
  /** Names by which the core module imports its functions from "host". */
  readonly functions: Readonly<Record<string, string>>;
}

/** A component that answers HTTP requests by the `handle` of a core module: \`(func (export "handle") (param $request i32) (param $out i32))\`. */
export function httpComponent(
  body: string,
  version = "0.2.0",
  others: readonly OtherInterface[] = [],
): Uint8Array<ArrayBuffer> {
  const informs = body.includes("$inform");
  const made = new HttpComponent();
  const error = made.importInstance(`wasi:io/error@${version}`, errorType());
  const poll = made.importInstance(`wasi:io/poll@${version}`, pollType());
  const streams = made.importInstance(`wasi:io/streams@${version}`, streamsType(made.typeOf(error, "error")));
  const pollable = made.typeOf(poll, "pollable");
  const inputStream = made.typeOf(streams, "input-stream");
  const outputStream = made.typeOf(streams, "output-stream");
  const http = made.importInstance(
    `wasi:http/types@${version}`,
    httpTypesType({ pollable, inputStream, outputStream }, informs),
  );
  const outgoing = made.importInstance(
    `wasi:http/outgoing-handler@${version}`,
    outgoingHandlerType({
      request: made.typeOf(http, "outgoing-request"),
      options: made.typeOf(http, "request-options"),
      future: made.typeOf(http, "future-incoming-response"),
      failure: made.typeOf(http, "error-code"),
    }),
  );
  const instances = others.map(({ name, type }) => made.importInstance(name, type));
  made.addMemory();
  for (const [name, as] of Object.entries(httpFunctions)) {
    if (informs || as !== "inform") made.lower(http, name, as);
  }
  made.lower(outgoing, "handle", "send");
  made.lower(poll, "[method]pollable.block", "block");
  made.lower(streams, `[method]${streamFunctions[0]}`, "read");
  made.lower(streams, `[method]${streamFunctions[1]}`, "write");
  for (const [at, { functions }] of others.entries()) {
    for (const [name, as] of Object.entries(functions)) made.lower(instances[at] ?? 0, name, as);
  }
  made.drop(inputStream, "drop-input");
  made.drop(outputStream, "drop-output");
  const parameters = [made.typeOf(http, "incoming-request"), made.typeOf(http, "response-outparam")] as const;
  return made.finish(
    wat(`(module ${informs ? httpImports + informImport : httpImports} ${body})`),
    `wasi:http/incoming-handler@${version}`,
    parameters,
  );
}
