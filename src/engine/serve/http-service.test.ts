import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { GuestNetwork } from "../host/network/network.ts";
import { parseNetworkRules } from "../host/network/network-policy.ts";
import { connectHere } from "../host/network/plain-access.ts";
import { type Answer, responseTo, ServiceFixture } from "./testing/service-fixture.ts";

async function check(service: ServiceFixture, path: string, expected: Partial<Answer>): Promise<Answer> {
  const answer = await service.get(path);
  assert.deepEqual({ ...answer, ...expected }, answer, path);
  return answer;
}

/** Sends a request by hand and answers with all that comes back. */
async function raw(service: ServiceFixture, words: string): Promise<string> {
  const socket = connect(service.port, "127.0.0.1");
  socket.write(words);
  return text(socket);
}

test("each request gets an instance of its own, and an idle service holds none", async () => {
  await using service = await ServiceFixture.start();
  await check(service, "/hello", { status: 200, body: "Hello from WebAssembly\n" });
  await check(service, "/count", { status: 200, body: "1" });
  await check(service, "/count", { body: "1" });
  assert.equal(service.guest.memoryBytes(), 0);
});

test("an instance is used again as often as is allowed", async () => {
  await using service = await ServiceFixture.start({ reuse: 3 });
  const counts = [];
  for (let round = 0; round < 5; round++) counts.push((await service.get("/count")).body);
  assert.deepEqual(counts, ["1", "2", "3", "1", "2"]);
});

test("a guest that fails gives 500 to its client and its stack to the log, and the next one is whole", async () => {
  await using service = await ServiceFixture.start({ reuse: 3 });
  await check(service, "/trap", { status: 500, body: "the request failed\n" });
  assert.match(service.readLog(), /^error: GET \/trap: wasm trap: wasm `unreachable` instruction executed\n {2}0: /);
  await check(service, "/none", { status: 500, body: "the request failed\n" });
  assert.match(service.readLog(), /GET \/none: the guest returned without a response/);
  await check(service, "/fail", { status: 400, body: "the request failed\n" });
  assert.match(service.readLog(), /the guest answered with the error "HTTP-request-denied"/);
  await check(service, "/soon", { status: 500, body: "the request failed\n" });
  await check(service, "/count", { body: "1" });
});

test("an answer whose guest fails half-way is cut off", async () => {
  await using service = await ServiceFixture.start();
  const sent = service.post("/later");
  sent.write("x");
  const response = await responseTo(sent);
  assert.equal(response.statusCode, 200);
  sent.end();
  await assert.rejects(text(response), { code: "ECONNRESET" });
  assert.match(service.readLog(), /GET|POST \/later: wasm trap/);
});

test("memory is refused past the limit of the service, and that is told", async () => {
  await using service = await ServiceFixture.start({}, { memoryBytesMax: 2 ** 20 });
  await check(service, "/memory", { status: 500 });
  assert.deepEqual(service.guest.memoryRefused()?.askedBytes, 65_535 * 65_536);
  await check(service, "/hello", { status: 200 });
});

test("bodies are streamed both ways, with trailers", async () => {
  await using service = await ServiceFixture.start();
  const body = "0123456789".repeat(50_000);
  const answer = await service.get("/echo", { method: "POST", body });
  assert.equal(answer.body, body);
  assert.deepEqual(answer.trailers, { "x-end": "x-end" });
});

test("an answer begins while its request is still on its way", async () => {
  await using service = await ServiceFixture.start();
  const sent = service.post("/echo");
  sent.write("first");
  const response = await responseTo(sent);
  response.setEncoding("utf8");
  assert.deepEqual(await once(response, "data"), ["first"]);
  sent.write("second");
  assert.deepEqual(await once(response, "data"), ["second"]);
  sent.end();
  await once(response, "end");
});

test("HTTP/2 without TLS is spoken on the same port, with trailers", async () => {
  await using service = await ServiceFixture.start();
  const client = connectHttp2(`http://127.0.0.1:${service.port}`);
  const stream = client.request({ ":path": "/echo", ":method": "POST" });
  stream.end("hello");
  const ends: unknown[] = [];
  stream.on("trailers", (trailers) => ends.push(trailers["x-end"]));
  assert.equal(await text(stream), "hello");
  assert.deepEqual(ends, ["x-end"]);
  const count = client.request({ ":path": "/count" });
  assert.equal(await text(count), "1");
  client.close();
  await once(client, "close");
});

test("an informational response goes ahead of the answer", async () => {
  await using service = await ServiceFixture.start();
  const sent = service.post("/info");
  const statuses: number[] = [];
  sent.on("information", ({ statusCode }) => statuses.push(statusCode));
  sent.end();
  const response = await responseTo(sent);
  assert.deepEqual(statuses, [103]);
  assert.equal(await text(response), "Hello from WebAssembly\n");
});

test("a change of protocol is refused, unless the client can do without", async () => {
  await using service = await ServiceFixture.start();
  const head = "Host: a\r\nConnection: upgrade, close\r\nUpgrade";
  assert.match(
    await raw(service, `GET /hello HTTP/1.1\r\n${head}: websocket\r\n\r\n`),
    /^HTTP\/1.1 501 [^]*does not change a connection to "websocket"/,
  );
  assert.match(await raw(service, `GET /hello HTTP/1.1\r\n${head}: h2c\r\n\r\n`), /^HTTP\/1.1 200 [^]*Hello/);
  assert.match(await raw(service, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), /^HTTP\/1.1 501 /);
});

test("a client that is gone ends its guest", async () => {
  await using service = await ServiceFixture.start({ concurrencyMax: 1 });
  const sent = service.post("/wait");
  sent.write("x");
  sent.on("error", () => undefined);
  await waitFor(() => service.guest.memoryBytes() > 0);
  sent.destroy();
  await check(service, "/count", { body: "1" });
  assert.equal(service.readLog(), "");
});

test("a guest that does not answer in time is ended, and its client told", async () => {
  await using service = await ServiceFixture.start({ answerMsMax: 50 });
  const sent = service.post("/wait");
  sent.write("x");
  const response = await responseTo(sent);
  assert.equal(response.statusCode, 504);
  sent.destroy();
  await waitFor(() => service.guest.memoryBytes() === 0);
});

test("requests past those that may run wait, and past those that may wait are told so", async () => {
  await using service = await ServiceFixture.start({ concurrencyMax: 1, queueMax: 1 });
  const first = service.post("/echo");
  first.write("x");
  await responseTo(first);
  const second = service.get("/count");
  const third = await service.get("/count", { agent: false });
  // Either may have come first.
  const refused = third.status === 503 ? third : await second;
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  first.end();
  assert.equal(third.status === 503 ? (await second).body : third.body, "1");
});

test("a body that is too large is refused, by what it says and by what it is", async () => {
  await using service = await ServiceFixture.start({ bodyBytesMax: 10 });
  assert.equal((await service.get("/echo", { method: "POST", body: "0123456789" })).body, "0123456789");
  const declared = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n0123456789a";
  assert.match(await raw(service, declared), /^HTTP\/1.1 413 /);
  const chunked = "POST /wait HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n";
  assert.match(await raw(service, chunked), /^HTTP\/1.1 413 /);
});

test("SIGTERM lets running requests end and takes no more", async () => {
  await using service = await ServiceFixture.start();
  const sent = service.post("/echo");
  sent.write("first");
  const response = await responseTo(sent);
  service.guest.kill("SIGTERM");
  await assert.rejects(service.get("/hello", { agent: false }), { code: "ECONNREFUSED" });
  sent.end("last");
  assert.equal(await text(response), "firstlast");
  assert.deepEqual(await service.guest.ended, { kind: "exit", code: 0 });
});

test("requests that outlast the drain are cut off", async () => {
  await using service = await ServiceFixture.start({ drainMsMax: 20 });
  const sent = service.post("/echo");
  sent.write("first");
  const response = await responseTo(sent);
  service.guest.kill("SIGTERM");
  assert.deepEqual(await service.guest.ended, { kind: "killed", reason: "SIGTERM" });
  await assert.rejects(text(response));
});

test("a guest that was granted no connection is denied its requests", async () => {
  await using service = await ServiceFixture.start();
  // The error code 15 is HTTP-request-denied.
  await check(service, "/o127.0.0.1:80", { body: "!?" });
});

test("a guest's request goes where its rules allow, on the trace of the one that it answers", async () => {
  const seen: unknown[] = [];
  const peer = createServer((asked, response) => {
    seen.push(asked.headers["traceparent"]);
    response.end("from the peer");
  });
  peer.listen(0, "127.0.0.1");
  await once(peer, "listening");
  const address = peer.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const network = new GuestNetwork({
    policy: parseNetworkRules({ outbound: [`http://127.0.0.1:${port}`], binds: [] }),
    access: {
      connect: connectHere,
      lookUp: async () => ({ addresses: [], isFromHostsFile: false }),
      open: async () => assert.fail("no socket is asked for here"),
      socketOf: () => assert.fail("no socket is asked for here"),
    },
  });
  await using service = await ServiceFixture.start({}, { network });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const answer = await service.get(`/o127.0.0.1:${port}`, { headers: { traceparent } });
  assert.equal(answer.body, "from the peer");
  assert.deepEqual(seen, [traceparent]);
  await check(service, `/o127.0.0.2:${port}`, { body: "!?" });
  peer.close();
});

test("the access log says who asked what and what came of it", async () => {
  await using service = await ServiceFixture.start({ logsAccess: true });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await service.get("/hello?a=%22", { headers: { traceparent } });
  let log = "";
  await waitFor(() => (log += service.readLog()).includes("\n"));
  assert.match(log, /^127\.0\.0\.1 "GET \/hello\?a=%22" 200 23 \d+\.\dms 00-0af7651916cd43dd8448eb211c80319c-/);
});

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => void setImmediate(resolve));
}
