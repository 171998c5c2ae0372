import { KwasmError } from "#base";
import { RpcRequest, RpcResponse } from "#proto";

import type { CallHandler } from "./server-connection.ts";
import type { Call, Services } from "./service.ts";

/** setTimeout's own limit; who waits for 24 days is not cut off. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Answers calls by services: the answer, or the rejection when the caller's time is up first. */
export function dispatchTo(services: Services): CallHandler {
  return async (request, abandoned) => {
    const { service, method, payload, timeoutNano, metadata } = RpcRequest.decode(request);
    const handle = services[service]?.[method];
    if (handle === undefined) throw new KwasmError("unsupported", `call "${service}/${method}": it is not served here`);
    using limit = limitOf(timeoutNano, `call "${service}/${method}": the caller's time is up`);
    const call: Call = {
      signal: limit.signal === undefined ? abandoned : AbortSignal.any([abandoned, limit.signal]),
      metadata: new Map(metadata.map(({ key, value }) => [key, value])),
    };
    return RpcResponse.encode({ payload: await Promise.race([handle(payload, call), limit.passed]) });
  };
}

interface TimeLimit extends Disposable {
  readonly signal: AbortSignal | undefined;
  /** Rejects when the time is up; never resolves. */
  readonly passed: Promise<never>;
}

/** 0 is no limit. */
function limitOf(timeoutNano: bigint, message: string): TimeLimit {
  const passed = Promise.withResolvers<never>();
  if (timeoutNano <= 0n) return { signal: undefined, passed: passed.promise, [Symbol.dispose]: () => undefined };
  const controller = new AbortController();
  const timer = setTimeout(
    () => {
      const error = new KwasmError("deadline-exceeded", message);
      passed.reject(error);
      controller.abort(error);
    },
    Math.min(Number(timeoutNano / 1_000_000n) + 1, TIMEOUT_MS_MAX),
  );
  return { signal: controller.signal, passed: passed.promise, [Symbol.dispose]: () => clearTimeout(timer) };
}
