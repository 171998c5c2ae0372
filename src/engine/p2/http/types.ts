import type { HostInterface } from "../../component/index.ts";
import { type HttpErrorCode, HttpFailure } from "../../host/http/index.ts";
import { type Answer, ok } from "../calls.ts";
import type { IoError } from "../io/io-error.ts";
import { GuestFields } from "./guest-fields.ts";
import type { FutureTrailers, IncomingBody } from "./incoming-body.ts";
import type { IncomingRequest, IncomingResponse } from "./incoming-messages.ts";
import type { OutgoingBody } from "./outgoing-body.ts";
import { OutgoingRequest, RequestOptions } from "./outgoing-request.ts";
import { OutgoingResponse, type ResponseOutparam } from "./outgoing-response.ts";
import type { Method, Scheme } from "./request-line.ts";
import type { FutureResponse } from "./future-response.ts";

type Functions = HostInterface["functions"];

const fieldsFunctions: Functions = {
  "[constructor]fields": () => GuestFields.empty(),
  "[static]fields.from-list": (entries: readonly (readonly [string, Uint8Array])[]) => GuestFields.fromList(entries),
  "[method]fields.get": (self: GuestFields, name: string) => self.get(name),
  "[method]fields.has": (self: GuestFields, name: string) => self.has(name),
  "[method]fields.set": (self: GuestFields, name: string, values: readonly Uint8Array[]) => self.set(name, values),
  "[method]fields.delete": (self: GuestFields, name: string) => self.delete(name),
  "[method]fields.append": (self: GuestFields, name: string, value: Uint8Array) => self.append(name, value),
  "[method]fields.entries": (self: GuestFields) => self.entries(),
  "[method]fields.clone": (self: GuestFields) => self.clone(),
};

const incomingFunctions: Functions = {
  "[method]incoming-request.method": (self: IncomingRequest) => self.method(),
  "[method]incoming-request.path-with-query": (self: IncomingRequest) => self.pathWithQuery(),
  "[method]incoming-request.scheme": (self: IncomingRequest) => self.scheme(),
  "[method]incoming-request.authority": (self: IncomingRequest) => self.authority(),
  "[method]incoming-request.headers": (self: IncomingRequest) => self.headers(),
  "[method]incoming-request.consume": (self: IncomingRequest) => self.consume(),
  "[method]incoming-response.status": (self: IncomingResponse) => self.status,
  "[method]incoming-response.headers": (self: IncomingResponse) => self.headers(),
  "[method]incoming-response.consume": (self: IncomingResponse) => self.consume(),
  "[method]incoming-body.stream": (self: IncomingBody) => self.stream(),
  "[static]incoming-body.finish": (self: IncomingBody) => self.finish(),
  "[method]future-trailers.subscribe": (self: FutureTrailers) => self.subscribe(),
  "[method]future-trailers.get": (self: FutureTrailers) => self.get(),
  "[method]future-incoming-response.subscribe": (self: FutureResponse) => self.subscribe(),
  "[method]future-incoming-response.get": (self: FutureResponse) => self.get(),
};

const responseFunctions: Functions = {
  "[constructor]outgoing-response": (headers: GuestFields) => new OutgoingResponse(headers),
  "[method]outgoing-response.status-code": (self: OutgoingResponse) => self.status,
  "[method]outgoing-response.set-status-code": (self: OutgoingResponse, status: number) => self.setStatus(status),
  "[method]outgoing-response.headers": (self: OutgoingResponse) => self.headers,
  "[method]outgoing-response.body": (self: OutgoingResponse) => self.takeBody(),
  "[method]response-outparam.send-informational": (self: ResponseOutparam, status: number, headers: GuestFields) =>
    self.sendInformational(status, headers),
  "[static]response-outparam.set": (self: ResponseOutparam, answer: Answer<OutgoingResponse, HttpErrorCode>) =>
    self.set(answer),
  "[method]outgoing-body.write": (self: OutgoingBody) => self.write(),
  "[static]outgoing-body.finish": (self: OutgoingBody, trailers: GuestFields | undefined) => self.finish(trailers),
};

const requestFunctions: Functions = {
  "[constructor]outgoing-request": (headers: GuestFields) => new OutgoingRequest(headers),
  "[method]outgoing-request.body": (self: OutgoingRequest) => self.takeBody(),
  "[method]outgoing-request.method": (self: OutgoingRequest) => self.method,
  "[method]outgoing-request.set-method": (self: OutgoingRequest, method: Method) => self.setMethod(method),
  "[method]outgoing-request.path-with-query": (self: OutgoingRequest) => self.pathWithQuery,
  "[method]outgoing-request.set-path-with-query": (self: OutgoingRequest, path: string | undefined) =>
    self.setPathWithQuery(path),
  "[method]outgoing-request.scheme": (self: OutgoingRequest) => self.scheme,
  "[method]outgoing-request.set-scheme": (self: OutgoingRequest, scheme: Scheme | undefined) => self.setScheme(scheme),
  "[method]outgoing-request.authority": (self: OutgoingRequest) => self.authority,
  "[method]outgoing-request.set-authority": (self: OutgoingRequest, authority: string | undefined) =>
    self.setAuthority(authority),
  "[method]outgoing-request.headers": (self: OutgoingRequest) => self.headers,
};

const optionsFunctions: Functions = {
  "[constructor]request-options": () => new RequestOptions(),
  "[method]request-options.connect-timeout": (self: RequestOptions) => self.connectTimeout,
  "[method]request-options.set-connect-timeout": (self: RequestOptions, time: bigint | undefined) => {
    self.connectTimeout = time;
    return ok();
  },
  "[method]request-options.first-byte-timeout": (self: RequestOptions) => self.firstByteTimeout,
  "[method]request-options.set-first-byte-timeout": (self: RequestOptions, time: bigint | undefined) => {
    self.firstByteTimeout = time;
    return ok();
  },
  "[method]request-options.between-bytes-timeout": (self: RequestOptions) => self.betweenBytesTimeout,
  "[method]request-options.set-between-bytes-timeout": (self: RequestOptions, time: bigint | undefined) => {
    self.betweenBytesTimeout = time;
    return ok();
  },
};

/** `wasi:http/types`. Nothing of it knows for which guest it is: all is in the resources. */
export const httpTypesInterface: HostInterface = {
  functions: {
    ...fieldsFunctions,
    ...incomingFunctions,
    ...responseFunctions,
    ...requestFunctions,
    ...optionsFunctions,
    "http-error-code": ({ cause }: IoError) => (cause instanceof HttpFailure ? cause.httpCode : undefined),
  },
  resources: {
    fields: {},
    "incoming-request": {},
    "outgoing-request": {},
    "request-options": {},
    "response-outparam": {},
    "incoming-response": {},
    "incoming-body": {},
    "future-trailers": {},
    "outgoing-response": {},
    "outgoing-body": { drop: (body: OutgoingBody) => body.drop() },
    "future-incoming-response": { drop: (future: FutureResponse) => future.drop() },
  },
};
