import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { answerWhole } from "./answer-whole.ts";
import { speakHttp } from "./http-connections.ts";

/** What a client gets of an answer that is whole. */
async function answered(status: number, body: Uint8Array, method = "GET") {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    speakHttp(socket, {
      bodyBytesMax: 0,
      onExchange: (exchange) => answerWhole(exchange, { status, fields: [["x-value", "\u00e9"]] }, body),
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const sent = request({ host: "127.0.0.1", port, method, agent: false });
    sent.end();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).once("error", reject);
    });
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  } finally {
    server.close();
  }
}

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

test("bytes of every value come out as they were given, be they few or many", async () => {
  for (const times of [1, 16, 17]) {
    const body = Buffer.concat(Array.from({ length: times }, () => everyByte));
    const answer = await answered(200, body);
    assert.deepEqual([answer.headers["content-length"], answer.headers["x-value"]], [String(body.length), "\u00e9"]);
    assert.ok(answer.body.equals(body));
  }
});

test("what may have no content gets none", async () => {
  const head = await answered(200, everyByte, "HEAD");
  assert.deepEqual([head.headers["content-length"], head.body.length], ["256", 0]);
  const empty = await answered(204, new Uint8Array());
  assert.deepEqual([empty.status, empty.headers["content-length"], empty.body.length], [204, undefined, 0]);
  assert.equal((await answered(200, new Uint8Array())).headers["content-length"], "0");
});
