import { wat } from "../../loader/wat-fixture.ts";
import { type Bytes, primitive } from "./encode-component.ts";
import { HttpComponent } from "./http-component.ts";
import { InterfaceType } from "./interface-type.ts";

/** Functions of the host with their flat types, by the words of `lowered`. */
const flatTypes: Readonly<Record<string, string>> = {
  fields: "(param i32 i32) (result i32)",
  response: "(param i32 i32) (result i32)",
  body: "(param i32 i32)",
  stream: "(param i32 i32)",
  finish: "(param i32 i32 i32)",
  set: "(param i32 i32 i32 i32 i32)",
  write: "(param i32 i32 i32 i32)",
  "drop-output": "(param i32)",
};

/** Imports of those functions from where `place` says. */
export function importsText(place: (word: string) => readonly [module: string, name: string]): string {
  const entries = Object.entries(flatTypes).map(([word, type]) => {
    const [module, name] = place(word);
    return `(import "${module}" "${name}" (func $${word} ${type}))`;
  });
  return entries.join("\n");
}

/** Answers each request with one field and a text. */
export function handlerText(imports: string, exported: string, before = ""): string {
  return `(module ${imports}
  (data (i32.const 32) "\\40\\00\\00\\00\\07\\00\\00\\00\\48\\00\\00\\00\\03\\00\\00\\00")
  (data (i32.const 64) "x-early\\00yes") (data (i32.const 96) "as it was")
  (func (export "${exported}") (param $request i32) (param $out i32) (local $answer i32) (local $body i32) (local $output i32)
    ${before}
    (local.set $answer (call $response (i32.const 203) (call $fields (i32.const 32) (i32.const 1))))
    (call $body (local.get $answer) (i32.const 0))
    (local.set $body (i32.load (i32.const 4)))
    (call $set (local.get $out) (i32.const 0) (local.get $answer) (i32.const 0) (i32.const 0))
    (call $stream (local.get $body) (i32.const 0))
    (local.set $output (i32.load (i32.const 4)))
    (call $write (local.get $output) (i32.const 96) (i32.const 9) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then unreachable))
    (call $drop-output (local.get $output))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0))))`;
}

/** The resources, and the function where `writes` says so. */
export function streamsType(writes = true): Bytes {
  const type = new InterfaceType().resource("error").resource("output-stream");
  if (!writes) return type.bytes;
  const failure = type.variant("stream-error", [["last-operation-failed", type.own("error")], ["closed"]]);
  const parameters: Parameters<InterfaceType["func"]>[1] = [
    ["self", type.borrow("output-stream")],
    ["contents", type.list(primitive.u8)],
  ];
  type.func("[method]output-stream.blocking-write-and-flush", parameters, type.result(undefined, failure));
  return type.bytes;
}

export function httpTypes(outputStream: number): Bytes {
  const type = new InterfaceType().outer("output-stream", outputStream);
  for (const name of ["fields", "incoming-request", "outgoing-response", "outgoing-body", "response-outparam"]) {
    type.resource(name);
  }
  const [fields, response, body] = [type.own("fields"), type.own("outgoing-response"), type.own("outgoing-body")];
  const kinds = ["invalid-url", "timeout-error", "protocol-error", "unexpected-error"];
  const failure = type.variant(
    "error",
    kinds.map((kind) => [kind, primitive.string]),
  );
  const entry = type.tuple(primitive.string, type.list(primitive.u8));
  type.func("[constructor]fields", [["entries", type.list(entry)]], fields);
  const head: Parameters<InterfaceType["func"]>[1] = [
    ["status-code", primitive.u16],
    ["headers", type.borrow("fields")],
  ];
  type.func("[constructor]outgoing-response", head, response);
  const written = type.result(body, undefined);
  type.func("[method]outgoing-response.write", [["self", type.borrow("outgoing-response")]], written);
  const output = type.result(type.own("output-stream"), undefined);
  type.func("[method]outgoing-body.write", [["self", type.borrow("outgoing-body")]], output);
  type.func("[static]outgoing-body.finish", [
    ["this", body],
    ["trailers", type.option(fields)],
  ]);
  type.func("[static]response-outparam.set", [
    ["param", type.own("response-outparam")],
    ["response", type.result(response, failure)],
  ]);
  return type.bytes;
}

/** Words for the functions of `wasi:http/types`. */
export const lowered: Readonly<Record<string, string>> = {
  "[constructor]fields": "fields",
  "[constructor]outgoing-response": "response",
  "[method]outgoing-response.write": "body",
  "[method]outgoing-body.write": "stream",
  "[static]outgoing-body.finish": "finish",
  "[static]response-outparam.set": "set",
};

export const version = "0.2.0-rc-2023-10-18";

/** A component that answers requests as the release candidate of October 2023 has it. */
export function earlyHandler(): Uint8Array<ArrayBuffer> {
  const made = new HttpComponent();
  const streams = made.importInstance(`wasi:io/streams@${version}`, streamsType());
  const outputStream = made.typeOf(streams, "output-stream");
  const http = made.importInstance(`wasi:http/types@${version}`, httpTypes(outputStream));
  made.addMemory();
  for (const [name, as] of Object.entries(lowered)) made.lower(http, name, as);
  made.lower(streams, "[method]output-stream.blocking-write-and-flush", "write");
  made.drop(outputStream, "drop-output");
  const parameters = [made.typeOf(http, "incoming-request"), made.typeOf(http, "response-outparam")] as const;
  const memory = '(import "env" "memory" (memory 2))';
  const module = wat(handlerText(memory + importsText((word) => ["host", word]), "handle"));
  return made.finish(module, `wasi:http/incoming-handler@${version}`, parameters);
}
