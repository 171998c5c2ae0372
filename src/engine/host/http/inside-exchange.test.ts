import assert from "node:assert/strict";
import { test } from "node:test";
import type { InputStream } from "../stream.ts";
import { HttpFailure } from "./http-failure.ts";
import { InsideExchange } from "./inside-exchange.ts";
import { OutgoingContent } from "./outgoing-content.ts";

const head = { method: "POST", scheme: "http", authority: "a", pathWithQuery: "/", fields: [] };
const hour = 3_600_000;

function open({ firstByteMs = hour, betweenBytesMs = hour, bodyBytesMax = 1_000_000 } = {}) {
  const content = new OutgoingContent();
  const sent = { head, content, connectMs: hour, firstByteMs, betweenBytesMs };
  return { content, exchange: new InsideExchange(sent, { head, client: "0.0.0.0", depth: 1, bodyBytesMax }) };
}

type Answered = Exclude<ReturnType<InsideExchange["outcome"]>, HttpFailure | undefined>;

async function answerOf(exchange: InsideExchange): Promise<Answered> {
  if (!exchange.ready.isReady()) await new Promise<void>((resolve) => void exchange.ready.onReady(resolve));
  const outcome = exchange.outcome();
  if (outcome === undefined || outcome instanceof HttpFailure) throw outcome ?? new Error("there is no outcome");
  return outcome;
}

async function write(content: OutgoingContent, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    const room = content.capacity();
    if (room === 0) {
      await new Promise<void>((resolve) => void content.writable.onReady(resolve));
      continue;
    }
    content.write(bytes.subarray(start, start + room));
    start += room;
  }
}

async function read(input: InputStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = input.read(10_000);
    if (piece === "ended") return Buffer.concat(pieces);
    if (piece === undefined) await new Promise<void>((resolve) => void input.readable.onReady(resolve));
    else pieces.push(piece);
  }
}

test("bodies of any size go both ways, as fast as they are read, with trailers", async () => {
  const { content, exchange } = open();
  const body = Buffer.from("0123456789".repeat(50_000));
  const writing = write(content, body).then(() => content.finish([["x-end", "1"]]));
  const asked = exchange.content;
  assert.deepEqual(await read(asked.open()), body);
  await writing;
  assert.deepEqual(asked.trailers(), [["x-end", "1"]]);
  const answer = new OutgoingContent();
  exchange.respond({ status: 201, fields: [["a", "b"]] }, answer);
  const answering = write(answer, body).then(() => answer.finish([["x-all", "2"]]));
  const got = await answerOf(exchange);
  assert.deepEqual(got.head, { status: 201, fields: [["a", "b"]] });
  assert.deepEqual(await read(got.content.open()), body);
  await answering;
  assert.deepEqual(got.content.trailers(), [["x-all", "2"]]);
  await new Promise<void>((resolve) => exchange.onOver(resolve));
  assert.deepEqual([exchange.isOver, exchange.status, exchange.answeredBytes], [true, 201, body.length]);
});

test("a writer waits for its reader", async () => {
  const { content, exchange } = open();
  let isWritten = false;
  const writing = write(content, Buffer.alloc(500_000)).then(() => (isWritten = true));
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
  assert.equal(isWritten, false);
  exchange.content.skip();
  await writing;
  exchange.cancel();
});

test("a body past the limit fails its reader", async () => {
  const { content, exchange } = open({ bodyBytesMax: 10 });
  content.write(Buffer.alloc(11));
  content.finish([]);
  await assert.rejects(read(exchange.content.open()), { httpCode: { tag: "HTTP-request-body-size", value: 11n } });
  exchange.cancel();
});

test("a request that is given up tells both ends, once", async () => {
  const { content, exchange } = open();
  const told: string[] = [];
  exchange.onAbandoned(() => told.push("abandoned"));
  exchange.onOver(() => told.push("over"));
  exchange.cancel();
  exchange.cancel();
  assert.deepEqual(told, ["abandoned", "over"]);
  await assert.rejects(answerOf(exchange), { httpCode: { tag: "connection-terminated" } });
  assert.throws(() => content.capacity(), { httpCode: { tag: "connection-terminated" } });
  const late = new OutgoingContent();
  exchange.respond({ status: 200, fields: [] }, late);
  assert.throws(() => late.capacity(), HttpFailure);
});

test("an answer that is not finished fails its reader, and one that never began its asker", async () => {
  const begun = open();
  const answer = new OutgoingContent();
  answer.write(Buffer.from("half"));
  begun.exchange.respond({ status: 200, fields: [] }, answer);
  const { content } = await answerOf(begun.exchange);
  begun.exchange.endContent();
  await assert.rejects(read(content.open()), { httpCode: { tag: "connection-terminated" } });
  const never = open();
  never.exchange.respond({ status: 200, fields: [] }, new OutgoingContent());
  never.exchange.endContent();
  await assert.rejects(answerOf(never.exchange), { httpCode: { tag: "connection-terminated" } });
});

test("whoever refuses answers with a text, and cuts off what has begun", async () => {
  const { exchange } = open();
  exchange.refuse(503, "no", [["retry-after", "1"]]);
  const { head: answered, content } = await answerOf(exchange);
  assert.deepEqual(answered, {
    status: 503,
    fields: [
      ["retry-after", "1"],
      ["content-type", "text/plain; charset=utf-8"],
    ],
  });
  exchange.refuse(500, "again");
  await assert.rejects(read(content.open()), HttpFailure);
});

test("an answer that does not come in time fails, and so does one that does not go on", async () => {
  await assert.rejects(answerOf(open({ firstByteMs: 1 }).exchange), { httpCode: { tag: "HTTP-response-timeout" } });
  const { exchange } = open({ betweenBytesMs: 1 });
  const answer = new OutgoingContent();
  exchange.respond({ status: 200, fields: [] }, answer);
  const { content } = await answerOf(exchange);
  await assert.rejects(read(content.open()), { httpCode: { tag: "connection-read-timeout" } });
});
