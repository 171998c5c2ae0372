import { type Bytes, primitive } from "./encode-component.ts";
import { InterfaceType } from "./interface-type.ts";

/** Interfaces of WASI 0.2 as HTTP components import them, with the functions that tests call. */

export function errorType(): Bytes {
  return new InterfaceType().resource("error").bytes;
}

export function pollType(): Bytes {
  const type = new InterfaceType().resource("pollable");
  return type.func("[method]pollable.block", [["self", type.borrow("pollable")]]).bytes;
}

export function streamsType(error: number): Bytes {
  const type = new InterfaceType().outer("error", error).resource("input-stream").resource("output-stream");
  const failure = type.variant("stream-error", [["last-operation-failed", type.own("error")], ["closed"]]);
  const bytes = type.list(primitive.u8);
  type.func(
    "[method]input-stream.blocking-read",
    [
      ["self", type.borrow("input-stream")],
      ["len", primitive.u64],
    ],
    type.result(bytes, failure),
  );
  type.func(
    "[method]output-stream.blocking-write-and-flush",
    [
      ["self", type.borrow("output-stream")],
      ["contents", bytes],
    ],
    type.result(undefined, failure),
  );
  return type.bytes;
}

/** All cases of `error-code`, which a response may be instead of one. */
function errorCode(type: InterfaceType): Bytes {
  const text = type.option(primitive.string);
  const dns = type.record("DNS-error-payload", [
    ["rcode", text],
    ["info-code", type.option(primitive.u16)],
  ]);
  const alert = type.record("TLS-alert-received-payload", [
    ["alert-id", type.option(primitive.u8)],
    ["alert-message", text],
  ]);
  const size = type.record("field-size-payload", [
    ["field-name", text],
    ["field-size", type.option(primitive.u32)],
  ]);
  const u64 = type.option(primitive.u64);
  const u32 = type.option(primitive.u32);
  const header = type.option(size);
  return type.variant("error-code", [
    ["DNS-timeout"],
    ["DNS-error", dns],
    ["destination-not-found"],
    ["destination-unavailable"],
    ["destination-IP-prohibited"],
    ["destination-IP-unroutable"],
    ["connection-refused"],
    ["connection-terminated"],
    ["connection-timeout"],
    ["connection-read-timeout"],
    ["connection-write-timeout"],
    ["connection-limit-reached"],
    ["TLS-protocol-error"],
    ["TLS-certificate-error"],
    ["TLS-alert-received", alert],
    ["HTTP-request-denied"],
    ["HTTP-request-length-required"],
    ["HTTP-request-body-size", u64],
    ["HTTP-request-method-invalid"],
    ["HTTP-request-URI-invalid"],
    ["HTTP-request-URI-too-long"],
    ["HTTP-request-header-section-size", u32],
    ["HTTP-request-header-size", header],
    ["HTTP-request-trailer-section-size", u32],
    ["HTTP-request-trailer-size", size],
    ["HTTP-response-incomplete"],
    ["HTTP-response-header-section-size", u32],
    ["HTTP-response-header-size", size],
    ["HTTP-response-body-size", u64],
    ["HTTP-response-trailer-section-size", u32],
    ["HTTP-response-trailer-size", size],
    ["HTTP-response-transfer-coding", text],
    ["HTTP-response-content-coding", text],
    ["HTTP-response-timeout"],
    ["HTTP-upgrade-failed"],
    ["HTTP-protocol-error"],
    ["loop-detected"],
    ["configuration-error"],
    ["internal-error", text],
  ]);
}

/** Component types of the resources that `wasi:http/types` takes from `wasi:io`. */
export interface IoResources {
  readonly pollable: number;
  readonly inputStream: number;
  readonly outputStream: number;
}

const httpResources = [
  "fields",
  "incoming-request",
  "incoming-body",
  "future-trailers",
  "response-outparam",
  "outgoing-response",
  "outgoing-body",
  "outgoing-request",
  "request-options",
  "future-incoming-response",
  "incoming-response",
];

/** `informs`: whether it has `send-informational`, which not every host has. */
export function httpTypesType({ pollable, inputStream, outputStream }: IoResources, informs: boolean): Bytes {
  const type = new InterfaceType();
  type.outer("pollable", pollable).outer("input-stream", inputStream).outer("output-stream", outputStream);
  for (const name of httpResources) type.resource(name);
  declareIncoming(type);
  const failure = errorCode(type);
  declareOutgoing(type, failure);
  if (informs) {
    type.func(
      "[method]response-outparam.send-informational",
      [
        ["self", type.borrow("response-outparam")],
        ["status", primitive.u16],
        ["headers", type.own("fields")],
      ],
      type.result(undefined, failure),
    );
  }
  return type.bytes;
}

function declareIncoming(type: InterfaceType): void {
  const request = type.borrow("incoming-request");
  const body = type.result(type.own("incoming-body"), undefined);
  type.func("[method]incoming-request.path-with-query", [["self", request]], type.option(primitive.string));
  type.func("[method]incoming-request.headers", [["self", request]], type.own("fields"));
  type.func("[method]incoming-request.consume", [["self", request]], body);
  type.func("[method]incoming-response.consume", [["self", type.borrow("incoming-response")]], body);
  const stream = type.result(type.own("input-stream"), undefined);
  type.func("[method]incoming-body.stream", [["self", type.borrow("incoming-body")]], stream);
  const future = type.own("future-trailers");
  type.func("[static]incoming-body.finish", [["this", type.own("incoming-body")]], future);
  const pollable = type.own("pollable");
  type.func("[method]future-trailers.subscribe", [["self", type.borrow("future-trailers")]], pollable);
  const waiting = type.borrow("future-incoming-response");
  type.func("[method]future-incoming-response.subscribe", [["self", waiting]], pollable);
}

function declareOutgoing(type: InterfaceType, failure: Bytes): void {
  const headerError = type.variant("header-error", [["invalid-syntax"], ["forbidden"], ["immutable"]]);
  const [fields, done, bytes] = [type.own("fields"), type.result(undefined, undefined), type.list(primitive.u8)];
  const self = (name: string) => ["self", type.borrow(name)] as const;
  type.func("[constructor]fields", [], fields);
  type.func(
    "[method]fields.append",
    [self("fields"), ["name", primitive.string], ["value", bytes]],
    type.result(undefined, headerError),
  );
  const response = type.own("outgoing-response");
  type.func("[constructor]outgoing-response", [["headers", fields]], response);
  type.func(
    "[method]outgoing-response.set-status-code",
    [self("outgoing-response"), ["status-code", primitive.u16]],
    done,
  );
  const body = type.result(type.own("outgoing-body"), undefined);
  type.func("[method]outgoing-response.body", [self("outgoing-response")], body);
  const stream = type.result(type.own("output-stream"), undefined);
  type.func("[method]outgoing-body.write", [self("outgoing-body")], stream);
  const failing = type.result(undefined, failure);
  const trailers = type.option(fields);
  type.func(
    "[static]outgoing-body.finish",
    [
      ["this", type.own("outgoing-body")],
      ["trailers", trailers],
    ],
    failing,
  );
  type.func("[static]response-outparam.set", [
    ["param", type.own("response-outparam")],
    ["response", type.result(response, failure)],
  ]);
  const request = type.own("outgoing-request");
  const text = type.option(primitive.string);
  type.func("[constructor]outgoing-request", [["headers", fields]], request);
  type.func("[method]outgoing-request.set-authority", [self("outgoing-request"), ["authority", text]], done);
  const scheme = type.variant("scheme", [["HTTP"], ["HTTPS"], ["other", primitive.string]]);
  type.func("[method]outgoing-request.set-scheme", [self("outgoing-request"), ["scheme", type.option(scheme)]], done);
  type.func(
    "[method]outgoing-request.set-path-with-query",
    [self("outgoing-request"), ["path-with-query", text]],
    done,
  );
  const outcome = type.result(type.result(type.own("incoming-response"), failure), undefined);
  type.func("[method]future-incoming-response.get", [self("future-incoming-response")], type.option(outcome));
}

/** Component types of the resources that `wasi:http/outgoing-handler` takes from `wasi:http/types`. */
export function outgoingHandlerType(resources: {
  readonly request: number;
  readonly options: number;
  readonly future: number;
  readonly failure: number;
}): Bytes {
  const type = new InterfaceType();
  type.outer("outgoing-request", resources.request).outer("request-options", resources.options);
  type.outer("future-incoming-response", resources.future).outer("error-code", resources.failure);
  const parameters = [
    ["request", type.own("outgoing-request")],
    ["options", type.option(type.own("request-options"))],
  ] as const;
  const failure = type.named("error-code");
  return type.func("handle", parameters, type.result(type.own("future-incoming-response"), failure)).bytes;
}
