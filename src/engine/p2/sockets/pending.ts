import { type Pollable, Signal } from "../../host/pollable.ts";
import { ok } from "../calls.ts";
import { attempt, failed, type SocketAnswer, socketErrorOf } from "./socket-error.ts";

/**
 * What a call `start-…` has begun and a call `finish-…` brings to its end: one at a time, and each is finished once,
 * by the call of its own name.
 */
export class Pending {
  readonly #settled = new Signal();
  #under: { readonly name: string; answer?: SocketAnswer<unknown> } | undefined;
  /** Ready when nothing is under way, or when it can be finished. */
  readonly settled: Pollable = {
    isReady: () => this.#under === undefined || this.#under.answer !== undefined,
    onReady: (callback) => this.#settled.onReady(callback),
  };

  /** Whether something was begun that is not finished, be it settled or not. */
  get isUnderWay(): boolean {
    return this.#under !== undefined;
  }

  /** Begins it; `begin` throws where it cannot be begun at all. */
  start(name: string, begin: () => Promise<unknown> | undefined): SocketAnswer<undefined> {
    if (this.#under !== undefined) return failed("concurrency-conflict");
    return attempt(() => {
      const work = begin();
      const under: { readonly name: string; answer?: SocketAnswer<unknown> } = { name };
      this.#under = under;
      if (work === undefined) under.answer = ok();
      else void this.#await(under, work);
      return undefined;
    });
  }

  /** Its answer, once; `would-block` until there is one. */
  finish<Value>(name: string): SocketAnswer<Value> {
    const under = this.#under;
    if (under?.name !== name) return failed("not-in-progress");
    if (under.answer === undefined) return failed("would-block");
    this.#under = undefined;
    // What `start` of this name has begun is what is finished here.
    return under.answer as SocketAnswer<Value>;
  }

  async #await(under: { answer?: SocketAnswer<unknown> }, work: Promise<unknown>): Promise<void> {
    try {
      under.answer = ok(await work);
    } catch (thrown) {
      under.answer = failed(socketErrorOf(thrown));
    }
    this.#settled.fire();
  }
}
