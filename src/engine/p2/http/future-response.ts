import { type HttpErrorCode, HttpFailure, type PendingResponse } from "../../host/http/index.ts";
import type { Pollable } from "../../host/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { IncomingResponse } from "./incoming-messages.ts";

/** `wasi:http/types#future-incoming-response`. */
export class FutureResponse {
  readonly #pending: PendingResponse;
  #isTaken = false;

  constructor(pending: PendingResponse) {
    this.#pending = pending;
  }

  subscribe(): Pollable {
    return this.#pending.ready;
  }

  get(): Answer<Answer<IncomingResponse, HttpErrorCode>, undefined> | undefined {
    const outcome = this.#pending.outcome();
    if (outcome === undefined) return undefined;
    if (this.#isTaken) return err();
    this.#isTaken = true;
    if (outcome instanceof HttpFailure) return ok(err(outcome.httpCode));
    return ok(ok(new IncomingResponse(outcome.head, outcome)));
  }

  /** A guest that does not want the answer any more ends the request. */
  drop(): void {
    if (!this.#isTaken) this.#pending.cancel();
  }
}
