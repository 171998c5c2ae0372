import type { Placed } from "#base";
import type { HttpErrorCode, HttpExchange } from "../host/http/index.ts";
import type { HttpRouted } from "./http-program.ts";
import type { Handled, RequestInstance } from "./request-instance.ts";

/** Why a request is ended before its guest is done. */
export type Interruption = "abandoned" | "late" | "stopped";

/** How a failure that a guest gives as its answer is told to the client. */
export function statusOfFailure({ tag }: HttpErrorCode): number {
  if (tag === "HTTP-request-body-size") return 413;
  if (tag.startsWith("HTTP-request")) return 400;
  if (tag.endsWith("timeout")) return 504;
  return tag.startsWith("destination") || tag.startsWith("connection") || tag.startsWith("HTTP-response") ? 502 : 500;
}

/** One request while its guest works on it. */
export class RunningRequest implements Placed {
  place: number | undefined;
  readonly exchange: HttpExchange;
  readonly #routed: HttpRouted;
  readonly #instance: RequestInstance;
  #interruption: Interruption | undefined;
  readonly #timer: NodeJS.Timeout;
  /** From here on the instance may be another request's. */
  #isDone = false;

  constructor(
    exchange: HttpExchange,
    routed: HttpRouted,
    { instance, answerMsMax }: { readonly instance: RequestInstance; readonly answerMsMax: number },
  ) {
    this.exchange = exchange;
    this.#routed = routed;
    this.#instance = instance;
    this.#timer = setTimeout(() => {
      if (exchange.status === undefined) this.interrupt("late");
    }, answerMsMax);
    exchange.onAbandoned(() => this.interrupt("abandoned"));
  }

  /** Why it was ended early. */
  get interruption(): Interruption | undefined {
    return this.#interruption;
  }

  async run(): Promise<Handled> {
    try {
      return await this.#instance.handle(this.exchange, this.#routed);
    } finally {
      clearTimeout(this.#timer);
      this.#isDone = true;
    }
  }

  interrupt(why: Interruption): void {
    if (this.#isDone || this.#interruption !== undefined) return;
    this.#interruption = why;
    this.#instance.kill(why);
  }
}
