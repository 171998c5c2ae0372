import { CancellableAnswer, type HostInterface } from "../../component/index.ts";
import { type HttpErrorCode, HttpFailure, type HttpRequest, type PendingResponse } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { OutgoingBody } from "../../p2/http/outgoing-body.ts";
import { millisecondsOf } from "../../p2/http/outgoing-handler.ts";
import { methodText, schemeText } from "../../p2/http/request-line.ts";
import { type Request, Response } from "./messages.ts";

const denied: HttpErrorCode = { tag: "HTTP-request-denied" };
const unknown: HttpErrorCode = { tag: "internal-error" };

type Sent = Answer<Response, HttpErrorCode>;

/** `wasi:http/client`. A guest that was granted nothing of the network is denied every request. */
export function clientInterface(context: P2Context): HostInterface {
  return { functions: { send: (request: Request) => send(context, request) }, resources: {} };
}

function send(context: P2Context, request: Request): Sent | CancellableAnswer {
  const { httpClient } = context;
  if (httpClient === undefined) return err(denied);
  const body = new OutgoingBody(request.headers.list, "HTTP-request-body-size");
  try {
    const pending = httpClient.send(requestOf(request, body));
    // What becomes of the body is told to whoever made it; the answer may come without it.
    const isTransmitted = transmitted(context, pending);
    isTransmitted.catch(() => undefined);
    request
      .takeBody()
      .send(context, body, isTransmitted)
      .catch(() => undefined);
    return new CancellableAnswer(answerOf(context, pending), () => pending.cancel());
  } catch (thrown) {
    if (thrown instanceof HttpFailure) return err(thrown.httpCode);
    throw thrown;
  }
}

function requestOf(request: Request, { content }: OutgoingBody): HttpRequest {
  const { options } = request;
  return {
    head: {
      method: methodText(request.method) ?? "GET",
      scheme: schemeText(request.scheme ?? { tag: "HTTPS" }),
      authority: request.authority,
      pathWithQuery: targetOf(request.pathWithQuery),
      fields: request.headers.list,
    },
    content,
    connectMs: millisecondsOf(options?.get("connect")),
    firstByteMs: millisecondsOf(options?.get("first-byte")),
    betweenBytesMs: millisecondsOf(options?.get("between-bytes")),
  };
}

/** A request was transmitted where there is an answer to it. */
async function transmitted({ interrupt }: P2Context, pending: PendingResponse): Promise<void> {
  await interrupt.whenAnyReady([pending.ready]);
  const outcome = pending.outcome();
  if (outcome instanceof HttpFailure) throw outcome;
}

/** What stands in a request's line begins with a slash, or is one star. */
function targetOf(path: string | undefined): string | undefined {
  return path === undefined || path === "*" || path.startsWith("/") ? path : `/${path}`;
}

async function answerOf(context: P2Context, pending: PendingResponse): Promise<Sent> {
  await context.interrupt.whenAnyReady([pending.ready]);
  const outcome = pending.outcome();
  if (outcome === undefined || outcome instanceof HttpFailure) {
    return err(outcome?.httpCode ?? unknown);
  }
  return ok(Response.received(context, outcome.head, outcome.content));
}
