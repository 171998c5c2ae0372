import { endedInput } from "../host/index.ts";
import type { HttpExchange, IncomingContent, OutgoingContent, RequestHead, ResponseHead } from "../host/http/index.ts";
import { alwaysReady } from "../host/pollable.ts";

/** A message that a component is given as if it were a request, in the turn of one. Nobody is told an answer. */
export class MessageExchange implements HttpExchange {
  readonly request: RequestHead;
  readonly content: IncomingContent = emptyContent;
  readonly client = "";
  readonly clientPort = 0;
  readonly protocol = "";
  readonly answeredBytes = 0;
  readonly payload: Uint8Array;
  #status: number | undefined;

  /** `channel` is where the message is from, for logs. */
  constructor(channel: string, payload: Uint8Array) {
    this.request = { method: "message", scheme: undefined, authority: undefined, pathWithQuery: channel, fields: [] };
    this.payload = payload;
  }

  /** Why it was not handled, as a status of HTTP; undefined where it was. */
  get status(): number | undefined {
    return this.#status;
  }

  get isOver(): boolean {
    return this.#status !== undefined;
  }

  onAbandoned(): void {
    // Whoever sent it does not wait.
  }

  onOver(): void {
    // Those who give messages are told when their turn is over.
  }

  inform(): boolean {
    return false;
  }

  respond({ status }: ResponseHead, content: OutgoingContent): void {
    this.#status ??= status;
    content.fail();
  }

  endContent(): void {
    // There is none.
  }

  refuse(status: number): void {
    this.#status ??= status;
  }
}

const emptyContent: IncomingContent = {
  open: () => endedInput,
  skip: () => undefined,
  ended: alwaysReady,
  trailers: () => [],
};
