import { failureOf } from "../p2/calls.ts";
import type { HostError, HostErrorCode } from "../host/index.ts";

/** How a stream ended, as the future beside it says. */
export type Outcome<Failure> = { readonly tag: "ok" } | { readonly tag: "err"; readonly value: Failure };

/** The `error-code` of a failure in the words of one interface. */
export type NameFailure<Failure> = (failure: HostError) => Failure;

/** Settled once, with the first thing that is said. */
export class StreamOutcome<Failure> {
  readonly #settled = Promise.withResolvers<Outcome<Failure>>();
  readonly #name: NameFailure<Failure>;

  constructor(name: NameFailure<Failure>) {
    this.#name = name;
  }

  /** As a future for the guest. */
  get future(): { readonly future: Promise<Outcome<Failure>> } {
    return { future: this.#settled.promise };
  }

  succeed(): void {
    this.#settled.resolve({ tag: "ok" });
  }

  /** What is no failure of the host is none of the guest's business, and ends it when it asks. */
  fail(thrown: unknown, action: string): void {
    try {
      this.#settled.resolve({ tag: "err", value: this.#name(failureOf(thrown, action)) });
    } catch (error) {
      // Nobody may ever ask.
      this.#settled.promise.catch(() => undefined);
      this.#settled.reject(error);
    }
  }
}

/** `wasi:cli/types#error-code`. */
export function cliErrorCode({ code }: HostError): HostErrorCode {
  return code === "pipe" || code === "illegal-byte-sequence" ? code : "io";
}
