import { KwasmError } from "#base";
import { type Field, type HttpErrorCode, HttpFailure, type IncomingContent } from "../../host/http/index.ts";
import type { Pollable } from "../../host/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { GuestInput } from "../io/guest-input.ts";
import { GuestFields } from "./guest-fields.ts";

/** `wasi:http/types#incoming-body`. */
export class IncomingBody {
  readonly #content: IncomingContent;
  #stream: "unopened" | "open" | "dropped" = "unopened";

  constructor(content: IncomingContent) {
    this.#content = content;
  }

  stream(): Answer<GuestInput, undefined> {
    if (this.#stream !== "unopened") return err();
    this.#stream = "open";
    const source = this.#content.open();
    const release = (): void => {
      this.#stream = "dropped";
      source.close();
    };
    return ok(new GuestInput(source, { origin: "other", release }));
  }

  /** Gives the body up; what was not read of it is skipped. */
  finish(): FutureTrailers {
    if (this.#stream === "open") {
      throw new KwasmError("failed-precondition", "finish a body whose stream is open: drop the stream first");
    }
    if (!this.#content.ended.isReady()) this.#content.skip();
    return new FutureTrailers(this.#content);
  }
}

type TrailersAnswer = Answer<GuestFields | undefined, HttpErrorCode>;

/** `wasi:http/types#future-trailers`. */
export class FutureTrailers {
  readonly #content: IncomingContent;
  #isTaken = false;

  constructor(content: IncomingContent) {
    this.#content = content;
  }

  subscribe(): Pollable {
    return this.#content.ended;
  }

  get(): Answer<TrailersAnswer, undefined> | undefined {
    const trailers = this.#content.trailers();
    if (trailers === undefined) return undefined;
    if (this.#isTaken) return err();
    this.#isTaken = true;
    return ok(answerOf(trailers));
  }
}

function answerOf(trailers: readonly Field[] | HttpFailure): TrailersAnswer {
  if (trailers instanceof HttpFailure) return err(trailers.httpCode);
  return trailers.length === 0 ? ok() : ok(GuestFields.of(trailers));
}
