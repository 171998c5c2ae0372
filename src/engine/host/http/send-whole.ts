import type { Pollable } from "../pollable.ts";
import type { Field } from "./field.ts";
import type { IncomingContent, RequestHead } from "./exchange.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import { OutgoingContent } from "./outgoing-content.ts";

/** A request with its body. */
export interface WholeRequest {
  readonly head: RequestHead;
  readonly body: Uint8Array;
}

export interface WholeResponse {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Uint8Array;
}

/** The most bytes of a body that is kept whole: there is no way to say that one wants no more. */
export const wholeBodyBytesMax = 16 * 1_048_576;

/** How long each part of such a request may take, milliseconds: as wasmtime has it. */
const partMsMax = 600_000;

const pieceBytesMax = 65_536;

/** Sends a request and answers with all of the response. Rejects with an HttpFailure. */
export async function sendWhole(client: HttpClient, { head, body }: WholeRequest): Promise<WholeResponse> {
  const content = new OutgoingContent();
  const times = { connectMs: partMsMax, firstByteMs: partMsMax, betweenBytesMs: partMsMax };
  const pending = client.send({ head, content, ...times });
  try {
    const written = writeWhole(content, body);
    // Who answers early may not want the rest.
    written.catch(() => undefined);
    await whenReady(pending.ready);
    const outcome = pending.outcome();
    if (outcome === undefined || outcome instanceof HttpFailure) throw outcome ?? noAnswer();
    const { status, fields } = outcome.head;
    return { status, fields, body: await readWhole(outcome.content, "HTTP-response-body-size") };
  } finally {
    pending.cancel();
  }
}

/** Writes a body and ends it. Resolves when all of it has been taken over. */
export async function writeWhole(content: OutgoingContent, body: Uint8Array): Promise<void> {
  for (let start = 0; start < body.length;) {
    const room = content.capacity();
    if (room === 0) {
      await whenReady(content.writable);
      continue;
    }
    content.write(body.subarray(start, start + room));
    start += room;
  }
  content.finish([]);
}

/** A body, all of it. Rejects with an HttpFailure where it does not come whole, or is too large. */
export async function readWhole(
  content: IncomingContent,
  tooLarge: "HTTP-request-body-size" | "HTTP-response-body-size",
): Promise<Uint8Array> {
  const input = content.open();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const piece = input.read(pieceBytesMax);
      if (piece === "ended") return Buffer.concat(pieces);
      if (piece === undefined) {
        await whenReady(input.readable);
        continue;
      }
      size += piece.length;
      if (size > wholeBodyBytesMax) throw tooMuch(tooLarge, size);
      pieces.push(piece);
    }
  } finally {
    input.close();
  }
}

async function whenReady(pollable: Pollable): Promise<void> {
  if (!pollable.isReady()) await new Promise<void>((resolve) => void pollable.onReady(resolve));
}

function tooMuch(tag: "HTTP-request-body-size" | "HTTP-response-body-size", size: number): HttpFailure {
  const message = `read a body: it has more than "${wholeBodyBytesMax}" bytes`;
  return new HttpFailure({ tag, value: BigInt(size) }, message);
}

function noAnswer(): HttpFailure {
  return new HttpFailure({ tag: "internal-error" }, "send a request: there is no answer");
}
