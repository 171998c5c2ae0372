import type { IncomingContent, RequestHead, ResponseHead } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { GuestFields } from "./guest-fields.ts";
import { IncomingBody } from "./incoming-body.ts";
import { type Method, methodOf, type Scheme, schemeOf } from "./request-line.ts";

/** A message that came in: its fields are made once they are asked for, its body can be taken once. */
class IncomingMessage {
  readonly #fields: () => readonly (readonly [string, string])[];
  readonly #content: IncomingContent;
  #isConsumed = false;

  constructor(head: { readonly fields: readonly (readonly [string, string])[] }, content: IncomingContent) {
    this.#fields = () => head.fields;
    this.#content = content;
  }

  headers(): GuestFields {
    return GuestFields.of(this.#fields());
  }

  consume(): Answer<IncomingBody, undefined> {
    if (this.#isConsumed) return err();
    this.#isConsumed = true;
    return ok(new IncomingBody(this.#content));
  }
}

/** `wasi:http/types#incoming-request`. */
export class IncomingRequest extends IncomingMessage {
  readonly #head: RequestHead;

  constructor(head: RequestHead, content: IncomingContent) {
    super(head, content);
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

  constructor(head: ResponseHead, content: IncomingContent) {
    super(head, content);
    this.status = head.status;
  }
}
