import {
  type HttpExchange,
  HttpFailure,
  type HttpRequest,
  InsideExchange,
  type RequestHead,
} from "../host/http/index.ts";

/** Requests that guests of a service have of each other, at a time. They wait for no turn: who waits for them has one. */
export const insideMax = 1_024;

/** How many guests may wait for each other in a row: more is a guest that asks itself. */
export const insideDepthMax = 16;

/** A request that a program of the service answers itself. */
export interface InsideRequest {
  /** What the one who answers is told. */
  readonly head: RequestHead;
  /** The address that it is told as the client's. */
  readonly client: string;
}

/** Counts the requests that guests of one service have of each other. */
export class InsideRequests {
  #running = 0;

  get running(): number {
    return this.#running;
  }

  /**
   * Makes the exchange of a request, `cause` being the one that its guest works on. Throws an HttpFailure past the limits.
   */
  open(
    sent: HttpRequest,
    { head, client }: InsideRequest,
    { cause, bodyBytesMax }: { readonly cause: HttpExchange | undefined; readonly bodyBytesMax: number },
  ): InsideExchange {
    const depth = cause instanceof InsideExchange ? cause.depth + 1 : 1;
    if (depth > insideDepthMax) {
      throw new HttpFailure({ tag: "loop-detected" }, `send a request: "${insideDepthMax}" guests wait for each other`);
    }
    if (this.#running >= insideMax) {
      throw new HttpFailure({ tag: "connection-limit-reached" }, `send a request: "${insideMax}" are under way inside`);
    }
    this.#running += 1;
    const exchange = new InsideExchange(sent, { head, client, depth, bodyBytesMax });
    exchange.onOver(() => (this.#running -= 1));
    return exchange;
  }
}
