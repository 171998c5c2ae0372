import type { HostInterface } from "../../component/index.ts";
import { type HttpErrorCode, HttpFailure, type HttpRequest, OutgoingContent } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import type { P2Context } from "../context.ts";
import { FutureResponse } from "./future-response.ts";
import type { OutgoingRequest, RequestOptions } from "./outgoing-request.ts";
import { methodText, schemeText } from "./request-line.ts";

/** How long each part of a request may take where its guest does not say, milliseconds: as wasmtime. */
const partMsDefault = 600_000;

type Handled = Answer<FutureResponse, HttpErrorCode>;

/** `wasi:http/outgoing-handler`. Where requests go is judged when they are connected, by the rules of the guest's network. */
export function outgoingHandlerInterface({ httpClient }: P2Context): HostInterface {
  function handle(request: OutgoingRequest, options: RequestOptions | undefined): Handled {
    try {
      return ok(new FutureResponse(httpClient.send(requestOf(request, options))));
    } catch (thrown) {
      if (thrown instanceof HttpFailure) return err(thrown.httpCode);
      throw thrown;
    }
  }
  return { functions: { handle }, resources: {} };
}

function requestOf(request: OutgoingRequest, options: RequestOptions | undefined): HttpRequest {
  const head = {
    method: methodText(request.method) ?? "GET",
    scheme: schemeText(request.scheme ?? { tag: "HTTPS" }),
    authority: request.authority,
    pathWithQuery: request.pathWithQuery,
    fields: request.headers.list,
  };
  return {
    head,
    content: request.body?.content ?? emptyContent(),
    connectMs: millisecondsOf(options?.connectTimeout),
    firstByteMs: millisecondsOf(options?.firstByteTimeout),
    betweenBytesMs: millisecondsOf(options?.betweenBytesTimeout),
  };
}

function emptyContent(): OutgoingContent {
  const content = new OutgoingContent();
  content.finish([]);
  return content;
}

/** A timer of Node cannot wait for longer than 2^31 - 1 milliseconds. */
export function millisecondsOf(nanoseconds: bigint | undefined): number {
  if (nanoseconds === undefined) return partMsDefault;
  const milliseconds = nanoseconds / 1_000_000n;
  return milliseconds > 2_147_483_647n ? 2_147_483_647 : Math.max(1, Number(milliseconds));
}
