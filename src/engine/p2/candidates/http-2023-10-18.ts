import { KwasmError } from "#base";
import type { HostFunction, HostInterface } from "../../component/index.ts";
import { type Answer, ok } from "../calls.ts";
import type { P2Context } from "../context.ts";
import type { FutureResponse } from "../http/future-response.ts";
import { GuestFields } from "../http/guest-fields.ts";
import { httpTypesInterface, outgoingHandlerInterface, type ResponseOutparam } from "../http/index.ts";
import type { FutureTrailers } from "../http/incoming-body.ts";
import type { OutgoingBody } from "../http/outgoing-body.ts";
import { OutgoingRequest, RequestOptions } from "../http/outgoing-request.ts";
import { OutgoingResponse } from "../http/outgoing-response.ts";
import type { Method, Scheme } from "../http/request-line.ts";
import { beginningWith } from "./functions.ts";
import { type EarlyHttpError, errorCodeOf, withEarlyError } from "./http-error-2023-10-18.ts";
import { trailersOf } from "./http-2023-11-10.ts";

type Functions = HostInterface["functions"];

/** `request-options`, which was a record; times in milliseconds. */
interface EarlyOptions {
  readonly "connect-timeout-ms"?: number;
  readonly "first-byte-timeout-ms"?: number;
  readonly "between-bytes-timeout-ms"?: number;
}

/** What could not fail then ends the guest where it does. */
const fieldsFunctions: Functions = {
  "[constructor]fields": (entries: readonly (readonly [string, Uint8Array])[]) =>
    valueOf(GuestFields.fromList(entries), "make fields"),
  "[method]fields.set": (self: GuestFields, name: string, values: readonly Uint8Array[]) =>
    valueOf(self.set(name, values), "set a field"),
  "[method]fields.delete": (self: GuestFields, name: string) => valueOf(self.delete(name), "delete a field"),
  "[method]fields.append": (self: GuestFields, name: string, value: Uint8Array) =>
    valueOf(self.append(name, value), "append a field"),
};

const messageFunctions: Functions = {
  "[constructor]outgoing-request": newRequest,
  "[method]outgoing-request.write": (self: OutgoingRequest) => self.takeBody(),
  "[constructor]outgoing-response": newResponse,
  "[method]outgoing-response.write": (self: OutgoingResponse) => self.takeBody(),
  "[static]response-outparam.set": (self: ResponseOutparam, answer: Answer<OutgoingResponse, EarlyHttpError>) =>
    self.set(answer.tag === "ok" ? answer : { tag: "err", ...(answer.value && { value: errorCodeOf(answer.value) }) }),
  // A body that is not as long as its head says is cut off, which its receiver sees.
  "[static]outgoing-body.finish": (self: OutgoingBody, trailers: GuestFields | undefined) => void self.finish(trailers),
  "[method]future-trailers.get": (self: FutureTrailers) => {
    const trailers = trailersOf(self);
    return trailers?.tag === "ok" ? ok(trailers.value ?? GuestFields.of([])) : trailers && withEarlyError(trailers);
  },
  "[method]future-incoming-response.get": (self: FutureResponse) => {
    const answer = self.get();
    return answer?.tag === "ok" && answer.value !== undefined ? ok(withEarlyError(answer.value)) : answer;
  },
};

/** `wasi:http/types@0.2.0-rc-2023-10-18`. */
export const httpTypesOf20231018: HostInterface = {
  functions: {
    ...beginningWith(
      httpTypesInterface.functions,
      "[method]fields.",
      "[method]incoming-",
      "[static]incoming-",
      "[method]future-",
      "[method]outgoing-body.",
    ),
    ...fieldsFunctions,
    ...messageFunctions,
  },
  resources: httpTypesInterface.resources,
};

/** `wasi:http/outgoing-handler@0.2.0-rc-2023-10-18`. */
export function outgoingHandlerOf20231018(context: P2Context): HostInterface {
  const { handle } = outgoingHandlerInterface(context).functions;
  const send = handle as HostFunction;
  return {
    functions: {
      handle: (request: OutgoingRequest, options: EarlyOptions | undefined) =>
        withEarlyError(
          Reflect.apply(send, undefined, [request, options && optionsOf(options)]) as Answer<object, never>,
        ),
    },
    resources: {},
  };
}

function newRequest(
  method: Method,
  pathWithQuery: string | undefined,
  scheme: Scheme | undefined,
  authority: string | undefined,
  headers: GuestFields,
): OutgoingRequest {
  const request = new OutgoingRequest(headers);
  valueOf(request.setMethod(method), "make a request of a method");
  valueOf(request.setPathWithQuery(pathWithQuery), "make a request for a path");
  valueOf(request.setScheme(scheme), "make a request by a scheme");
  valueOf(request.setAuthority(authority), "make a request to an authority");
  return request;
}

function newResponse(status: number, headers: GuestFields): OutgoingResponse {
  const response = new OutgoingResponse(headers);
  valueOf(response.setStatus(status), `make a response of status "${status}"`);
  return response;
}

function optionsOf(early: EarlyOptions): RequestOptions {
  const options = new RequestOptions();
  options.connectTimeout = nanosecondsOf(early["connect-timeout-ms"]);
  options.firstByteTimeout = nanosecondsOf(early["first-byte-timeout-ms"]);
  options.betweenBytesTimeout = nanosecondsOf(early["between-bytes-timeout-ms"]);
  return options;
}

function nanosecondsOf(milliseconds: number | undefined): bigint | undefined {
  return milliseconds === undefined ? undefined : BigInt(milliseconds) * 1_000_000n;
}

function valueOf<Value, Failure>(answer: Answer<Value, Failure>, action: string): Value | undefined {
  if (answer.tag === "ok") return answer.value;
  throw new KwasmError("invalid-argument", `${action} that HTTP does not have`);
}
