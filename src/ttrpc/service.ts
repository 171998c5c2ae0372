import type { Message } from "#proto";

/** What is known of a call beside its request. */
export interface Call {
  /** Aborted when the caller's time is up or its connection is gone. */
  readonly signal: AbortSignal;
  /** Last value of each key that the caller sent along. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** One method, from the bytes of its request to those of its answer. */
export type Method = (payload: Uint8Array, call: Call) => Promise<Uint8Array>;

/** Methods by service and name: `services["containerd.task.v2.Task"]["State"]`. */
export type Services = Readonly<Record<string, Readonly<Record<string, Method>>>>;

/** Makes a method of a function on messages. */
export function method<Request, Response>(
  request: Message<Request>,
  response: Message<Response>,
  handle: (request: Request, call: Call) => Promise<Partial<Response>> | Partial<Response>,
): Method {
  return async (payload, call) => response.encode(await handle(request.decode(payload), call));
}
