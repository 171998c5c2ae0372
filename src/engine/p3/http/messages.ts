import { KwasmError } from "#base";
import {
  type Field,
  type HttpExchange,
  HttpFailure,
  type IncomingContent,
  type RequestHead,
  type ResponseHead,
} from "../../host/http/index.ts";
import { type Answer, err, ok } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { GuestFields } from "../../p2/http/guest-fields.ts";
import { OutgoingBody } from "../../p2/http/outgoing-body.ts";
import { isFinalStatus } from "../../p2/http/outgoing-response.ts";
import {
  isAuthority,
  type Method,
  methodOf,
  methodText,
  type Scheme,
  schemeOf,
  schemeText,
} from "../../p2/http/request-line.ts";
import { type ConsumedBody, type MessageBody, ReceivedBody } from "./body.ts";
import type { RequestOptions } from "./request-options.ts";

/** Characters of a path and its query; it may be relative (WebAssembly/wasi-http#178), and curly things do occur. */
const pathPattern = /^[!"$-;=?-_a-~\u0080-\uffff]*$/;

type Set = Answer<undefined, undefined>;

/** What requests and responses have in common: fields that do not change, and a body that is used up once. */
class Message {
  readonly headers: GuestFields;
  #body: MessageBody | undefined;

  constructor(fields: readonly Field[], body: MessageBody) {
    this.headers = GuestFields.of(fields);
    this.#body = body;
  }

  consume(context: P2Context, result: object): ConsumedBody {
    return this.takeBody().consume(context, result);
  }

  /** A message is handed over with its body, so this happens once. */
  takeBody(): MessageBody {
    const body = this.#body;
    if (body === undefined) throw new KwasmError("failed-precondition", "take the body of a message: it was taken");
    this.#body = undefined;
    return body;
  }
}

/** `wasi:http/types#request`. */
export class Request extends Message {
  method: Method = { tag: "get" };
  pathWithQuery: string | undefined;
  scheme: Scheme | undefined;
  authority: string | undefined;
  readonly options: RequestOptions | undefined;

  constructor(fields: readonly Field[], body: MessageBody, options?: RequestOptions) {
    super(fields, body);
    this.options = options;
  }

  /** A request that a client sent. */
  static received(head: RequestHead, content: IncomingContent): Request {
    const request = new Request(head.fields, new ReceivedBody(content));
    request.method = methodOf(head.method);
    request.pathWithQuery = head.pathWithQuery;
    request.scheme = head.scheme === undefined ? undefined : schemeOf(head.scheme);
    request.authority = head.authority;
    return request;
  }

  setMethod(method: Method): Set {
    const text = methodText(method);
    if (text === undefined) return err();
    this.method = methodOf(text);
    return ok();
  }

  setPathWithQuery(path: string | undefined): Set {
    if (path !== undefined && !pathPattern.test(path)) return err();
    this.pathWithQuery = path === "" ? "/" : path;
    return ok();
  }

  setScheme(scheme: Scheme | undefined): Set {
    if (scheme !== undefined && schemeText(scheme) === undefined) return err();
    this.scheme = scheme !== undefined && "value" in scheme ? schemeOf(scheme.value) : scheme;
    return ok();
  }

  setAuthority(authority: string | undefined): Set {
    if (authority !== undefined && !isAuthority(authority)) return err();
    this.authority = authority;
    return ok();
  }
}

/** `wasi:http/types#response`. */
export class Response extends Message {
  status = 200;
  readonly #context: P2Context;

  constructor(context: P2Context, fields: readonly Field[], body: MessageBody) {
    super(fields, body);
    this.#context = context;
  }

  /** A response that a server sent. */
  static received(context: P2Context, head: ResponseHead, content: IncomingContent): Response {
    const response = new Response(context, head.fields, new ReceivedBody(content));
    response.status = head.status;
    return response;
  }

  setStatus(status: number): Set {
    if (status < 100 || status > 599) return err();
    this.status = status;
    return ok();
  }

  /** Answers with it; resolves when all of its body has come in. Rejects where it is not whole. */
  async answer(exchange: HttpExchange): Promise<void> {
    if (!isFinalStatus(this.status)) {
      const code = { tag: "HTTP-protocol-error" } as const;
      throw new HttpFailure(code, `answer with the status "${this.status}", which no answer ends with`);
    }
    const { list: fields } = this.headers;
    const body = new OutgoingBody(fields, "HTTP-response-body-size");
    const sending = this.takeBody().send(this.#context, body);
    // It is awaited below, if the head goes out at all.
    sending.catch(() => undefined);
    exchange.respond({ status: this.status, fields }, body.content);
    await sending;
  }
}
