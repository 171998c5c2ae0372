import { KwasmError } from "#base";
import { type HttpErrorCode, type HttpExchange, OutgoingContent } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { GuestFields } from "./guest-fields.ts";
import { OutgoingBody } from "./outgoing-body.ts";

/** `wasi:http/types#outgoing-response`. */
export class OutgoingResponse {
  readonly headers: GuestFields;
  status = 200;
  body: OutgoingBody | undefined;

  constructor(headers: GuestFields) {
    this.headers = GuestFields.of(headers.list);
  }

  setStatus(status: number): Answer<undefined, undefined> {
    if (!isFinalStatus(status)) return err();
    this.status = status;
    return ok();
  }

  takeBody(): Answer<OutgoingBody, undefined> {
    if (this.body !== undefined) return err();
    this.body = new OutgoingBody(this.headers.list, "HTTP-response-body-size");
    return ok(this.body);
  }
}

/** `wasi:http/types#response-outparam`: where a guest puts its answer, once. */
export class ResponseOutparam {
  readonly #exchange: HttpExchange;
  #answer: "none" | "response" | HttpErrorCode = "none";

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
  }

  /** What the guest answered: nothing, a response, or that it failed and how. */
  get answer(): "none" | "response" | HttpErrorCode {
    return this.#answer;
  }

  sendInformational(status: number, headers: GuestFields): Answer<undefined, HttpErrorCode> {
    if (status < 100 || status > 199) {
      throw new KwasmError("invalid-argument", `send "${status}" ahead of a response: give a status from 100 to 199`);
    }
    const isSent = this.#answer === "none" && this.#exchange.inform({ status, fields: headers.list });
    return isSent ? ok() : err({ tag: "HTTP-protocol-error" });
  }

  set(answer: Answer<OutgoingResponse, HttpErrorCode>): void {
    if (answer.tag === "err" || answer.value === undefined) {
      this.#answer = answer.tag === "err" && answer.value !== undefined ? answer.value : { tag: "internal-error" };
      return;
    }
    this.#answer = "response";
    const { status, headers, body } = answer.value;
    this.#exchange.respond({ status, fields: headers.list }, body?.content ?? emptyContent());
  }
}

function emptyContent(): OutgoingContent {
  const content = new OutgoingContent();
  content.finish([]);
  return content;
}

export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 999;
}
