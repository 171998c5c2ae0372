import type { HostFunction, HostInterface } from "../../component/index.ts";
import { type Answer, err } from "../../p2/calls.ts";

/** `wasi:http/types#request-options-error`. */
interface OptionsError {
  readonly tag: "immutable";
}

const timeouts = ["connect", "first-byte", "between-bytes"] as const;
export type Timeout = (typeof timeouts)[number];

/** `wasi:http/types#request-options`; times in nanoseconds. Those of a request cannot be changed. */
export class RequestOptions {
  readonly #times: Map<Timeout, bigint>;
  readonly #isMutable: boolean;

  constructor(times: ReadonlyMap<Timeout, bigint> = new Map(), isMutable = true) {
    this.#times = new Map(times);
    this.#isMutable = isMutable;
  }

  get(timeout: Timeout): bigint | undefined {
    return this.#times.get(timeout);
  }

  set(timeout: Timeout, time: bigint | undefined): Answer<undefined, OptionsError> {
    if (!this.#isMutable) return err({ tag: "immutable" });
    if (time === undefined) this.#times.delete(timeout);
    else this.#times.set(timeout, time);
    return { tag: "ok" };
  }

  clone(): RequestOptions {
    return new RequestOptions(this.#times);
  }

  frozen(): RequestOptions {
    return new RequestOptions(this.#times, false);
  }
}

/** Functions of the resource, by the names that the WIT has for them. */
export const optionsFunctions: HostInterface["functions"] = {
  "[constructor]request-options": () => new RequestOptions(),
  "[method]request-options.clone": (self: RequestOptions) => self.clone(),
  ...Object.fromEntries(timeouts.flatMap(functionsOf)),
};

function functionsOf(timeout: Timeout): [string, HostFunction][] {
  return [
    [`[method]request-options.get-${timeout}-timeout`, (self: RequestOptions) => self.get(timeout)],
    [
      `[method]request-options.set-${timeout}-timeout`,
      (self: RequestOptions, time: bigint | undefined) => self.set(timeout, time),
    ],
  ];
}
