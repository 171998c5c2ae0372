import type { Pollable } from "../pollable.ts";
import type { InputStream } from "../stream.ts";
import type { Field } from "./field.ts";
import type { HttpFailure } from "./http-failure.ts";
import type { OutgoingContent } from "./outgoing-content.ts";

export interface RequestHead {
  readonly method: string;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  readonly fields: readonly Field[];
}

export interface ResponseHead {
  readonly status: number;
  readonly fields: readonly Field[];
}

/** A body that comes in. Bytes that nobody asks for stay in the kernel, so a sender waits for its reader. */
export interface IncomingContent {
  /** The bytes; asked for once. */
  open(): InputStream;
  /** Lets the rest pass unread, so that the end is reached. */
  skip(): void;
  /** Ready when the end has come, or when it will not. */
  readonly ended: Pollable;
  /** The fields after the body; `undefined` while its end has not come. */
  trailers(): readonly Field[] | HttpFailure | undefined;
}

/** One request of a client, and its answer. */
export interface HttpExchange {
  readonly request: RequestHead;
  readonly content: IncomingContent;
  /** The client's address, for logs. */
  readonly client: string;
  /** The port that the client has; 0 where it is gone. */
  readonly clientPort: number;
  /** The protocol of the client, such as `HTTP/1.1`. */
  readonly protocol: string;
  /** The status that was sent, for logs; none while there is none. */
  readonly status: number | undefined;
  /** Bytes of content that were answered. */
  readonly answeredBytes: number;
  /** Whether nothing more can be answered: all has gone out, or the client is gone. */
  readonly isOver: boolean;
  /** Called once, where the client is gone before all was answered. */
  onAbandoned(callback: () => void): void;
  /** Called once, when the exchange is over. */
  onOver(callback: () => void): void;
  /** Sends a status below 200 ahead of the answer; false where the client's protocol has no such thing. */
  inform(head: ResponseHead): boolean;
  /** Answers; what is in `content` and comes into it is the body. */
  respond(head: ResponseHead, content: OutgoingContent): void;
  /** Nothing comes into the body any more: one that is not finished is cut off. */
  endContent(): void;
  /** Answers in place of a guest that did not; cuts the answer off where it has begun. */
  refuse(status: number, text: string, fields?: readonly Field[]): void;
}
