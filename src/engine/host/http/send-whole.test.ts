import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpClient } from "./http-client.ts";
import { InsideExchange } from "./inside-exchange.ts";
import { OutgoingContent } from "./outgoing-content.ts";
import { readWhole, sendWhole, wholeBodyBytesMax, writeWhole } from "./send-whole.ts";

const head = { method: "POST", scheme: "http", authority: "a", pathWithQuery: "/", fields: [] };

/** Answers with so many bytes, once it has the request whole; or sends that back. */
function answering(bytes?: number): HttpClient {
  return {
    send(request) {
      const options = { head: request.head, client: "-", depth: 1, bodyBytesMax: Number.MAX_SAFE_INTEGER };
      const exchange = new InsideExchange(request, options);
      void answer(exchange, bytes);
      return exchange;
    },
  };
}

async function answer(exchange: InsideExchange, bytes: number | undefined): Promise<void> {
  const body = await readWhole(exchange.content, "HTTP-request-body-size");
  const content = new OutgoingContent();
  exchange.respond({ status: 201, fields: [["a", "b"]] }, content);
  // Whoever asks takes no more than is allowed.
  await writeWhole(content, bytes === undefined ? body : new Uint8Array(bytes)).catch(() => undefined);
}

test("a request and its response are carried whole", async () => {
  const body = Buffer.from("to and fro ".repeat(20_000));
  const { status, fields, body: answered } = await sendWhole(answering(), { head, body });
  assert.deepEqual([status, fields, Buffer.from(answered)], [201, [["a", "b"]], body]);
});

test("a body as large as is kept whole is taken, and no larger one", async () => {
  const body = new Uint8Array();
  const { body: answered } = await sendWhole(answering(wholeBodyBytesMax), { head, body });
  assert.equal(answered.length, wholeBodyBytesMax);
  await assert.rejects(sendWhole(answering(wholeBodyBytesMax + 1), { head, body }), {
    httpCode: { tag: "HTTP-response-body-size", value: BigInt(wholeBodyBytesMax + 1) },
  });
});
