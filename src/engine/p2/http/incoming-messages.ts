import type { Field, IncomingContent, RequestHead, ResponseHead } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { GuestFields } from "./guest-fields.ts";
import { IncomingBody } from "./incoming-body.ts";
import { type Method, methodOf, type Scheme, schemeOf } from "./request-line.ts";

/** What has the content of a message, and may make it when it is asked for. */
interface ContentSource {
  readonly content: IncomingContent;
}

/** A message that came in: its fields are made once they are asked for, its body can be taken once. */
class IncomingMessage {
  readonly #head: { readonly fields: readonly Field[] };
  readonly #source: ContentSource;
  #isConsumed = false;

  constructor(head: { readonly fields: readonly Field[] }, source: ContentSource) {
    this.#head = head;
    this.#source = source;
  }

  headers(): GuestFields {
    return GuestFields.of(this.#head.fields);
  }

  consume(): Answer<IncomingBody, undefined> {
    if (this.#isConsumed) return err();
    this.#isConsumed = true;
    return ok(new IncomingBody(this.#source.content));
  }
}

/** `wasi:http/types#incoming-request`. */
export class IncomingRequest extends IncomingMessage {
  readonly #head: RequestHead;

  constructor(head: RequestHead, source: ContentSource) {
    super(head, source);
    this.#head = head;
  }

  method(): Method {
    return methodOf(this.#head.method);
  }

  pathWithQuery(): string | undefined {
    return this.#head.pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return this.#head.scheme === undefined ? undefined : schemeOf(this.#head.scheme);
  }

  authority(): string | undefined {
    return this.#head.authority;
  }
}

/** `wasi:http/types#incoming-response`. */
export class IncomingResponse extends IncomingMessage {
  readonly status: number;

  constructor(head: ResponseHead, source: ContentSource) {
    super(head, source);
    this.status = head.status;
  }
}
