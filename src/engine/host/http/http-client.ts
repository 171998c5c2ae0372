import type { Pollable } from "../pollable.ts";
import type { IncomingContent, RequestHead, ResponseHead } from "./exchange.ts";
import type { HttpFailure } from "./http-failure.ts";
import type { OutgoingContent } from "./outgoing-content.ts";

/** A request that a guest makes. */
export interface HttpRequest {
  readonly head: RequestHead;
  readonly content: OutgoingContent;
  /** How long it may take to connect, to answer, and between two pieces of the answer, milliseconds. */
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
}

/** An answer that may still be on its way. */
export interface PendingResponse {
  readonly ready: Pollable;
  /** `undefined` while there is none. */
  outcome(): { readonly head: ResponseHead; readonly content: IncomingContent } | HttpFailure | undefined;
  /** Ends the request; nobody asks for its answer any more. */
  cancel(): void;
}

/** Sends requests for a guest, to where it may. */
export interface HttpClient {
  send(request: HttpRequest): PendingResponse;
}
