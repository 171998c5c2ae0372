import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { HostError } from "../host-error.ts";
import type { InputStream } from "../stream.ts";
import { ConnectingClient, type Connector } from "./connecting-client.ts";
import type { RequestHead } from "./exchange.ts";
import type { Field } from "./field.ts";
import { HttpFailure } from "./http-failure.ts";
import { OutgoingContent } from "./outgoing-content.ts";

const plain: Connector = {
  async connect({ host, port }) {
    const socket = connect(port, host);
    await once(socket, "connect");
    return socket;
  },
};

function refusing(error: Error): Connector {
  return {
    async connect() {
      throw error;
    },
  };
}

class Peer implements AsyncDisposable {
  readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(answer: RequestListener): Promise<Peer> {
    const server = createServer(answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Peer(server);
  }

  get authority(): string {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

interface Sending {
  readonly head?: Partial<RequestHead>;
  readonly content?: OutgoingContent;
  readonly connector?: Connector;
  readonly trace?: readonly Field[];
  readonly firstByteMs?: number;
}

async function send(authority: string, { head, content, connector = plain, trace = [], firstByteMs }: Sending = {}) {
  const client = new ConnectingClient(connector, { traceFields: () => trace });
  const pending = client.send({
    head: { method: "POST", scheme: "http", authority, pathWithQuery: "/a?b", fields: [], ...head },
    content: content ?? bodyOf("hello"),
    connectMs: 10_000,
    firstByteMs: firstByteMs ?? 10_000,
    betweenBytesMs: 10_000,
  });
  while (!pending.ready.isReady()) await new Promise<void>((resolve) => void pending.ready.onReady(resolve));
  const outcome = pending.outcome();
  assert.ok(outcome !== undefined);
  return outcome;
}

async function checkFailure(authority: string, sending: Sending, tag: string): Promise<void> {
  const outcome = await send(authority, sending);
  assert.ok(outcome instanceof HttpFailure);
  assert.equal(outcome.httpCode.tag, tag);
}

function bodyOf(text: string, trailers: readonly Field[] = []): OutgoingContent {
  const content = new OutgoingContent();
  content.write(Buffer.from(text));
  content.finish(trailers);
  return content;
}

async function textOf(input: InputStream): Promise<string> {
  let text = "";
  for (;;) {
    const chunk = input.read(1_000);
    if (chunk === "ended") return text;
    if (chunk === undefined) await new Promise<void>((resolve) => void input.readable.onReady(resolve));
    else text += Buffer.from(chunk).toString();
  }
}

test("a request goes out as it was made, and its answer comes back with trailers", async () => {
  const seen: unknown[] = [];
  await using peer = await Peer.start((request, response) => {
    request.on("data", (chunk) => seen.push(String(chunk)));
    request.on("end", () => {
      seen.push(
        request.method,
        request.url,
        request.headers.host,
        request.headers["x-a"],
        request.headers["traceparent"],
      );
      response.writeHead(201, { "X-B": "c", Trailer: "x-t" });
      response.write("world");
      response.addTrailers({ "x-t": "z" });
      response.end();
    });
  });
  const outcome = await send(peer.authority, { head: { fields: [["X-A", "1"]] }, trace: [["traceparent", "t"]] });
  assert.ok(!(outcome instanceof HttpFailure));
  assert.equal(outcome.head.status, 201);
  assert.ok(outcome.head.fields.some(([name, value]) => name === "X-B" && value === "c"));
  assert.equal(await textOf(outcome.content.open()), "world");
  assert.deepEqual(outcome.content.trailers(), [["x-t", "z"]]);
  assert.deepEqual(seen, ["hello", "POST", "/a?b", peer.authority, "1", "t"]);
});

test("a body that comes bit by bit goes out bit by bit", async () => {
  await using peer = await Peer.start((request, response) => void request.pipe(response));
  const content = new OutgoingContent();
  content.write(Buffer.from("one "));
  const outcome = await send(peer.authority, { content });
  assert.ok(!(outcome instanceof HttpFailure));
  content.write(Buffer.from("two"));
  content.finish([]);
  assert.equal(await textOf(outcome.content.open()), "one two");
});

test("what is not allowed, not there or too late is told by its code", async () => {
  await using silent = await Peer.start(() => undefined);
  await checkFailure("a", { connector: refusing(new HostError("access", "no")) }, "HTTP-request-denied");
  const prohibited = new HostError("destination-prohibited", "no");
  await checkFailure("a:1", { connector: refusing(prohibited) }, "destination-IP-prohibited");
  await checkFailure("a", { connector: refusing(new HostError("name-unresolvable", "no")) }, "DNS-error");
  await checkFailure(silent.authority, { firstByteMs: 20 }, "HTTP-response-timeout");
  await using rude = await Peer.start((request) => request.socket.destroy());
  await checkFailure(rude.authority, {}, "connection-terminated");
  await using garbled = await Peer.start((request) => request.socket.end("garbage\r\n\r\n"));
  await checkFailure(garbled.authority, {}, "HTTP-protocol-error");
  const unspoken = send("a", { head: { scheme: "ftp" } });
  await assert.rejects(
    unspoken,
    (error) => error instanceof HttpFailure && error.httpCode.tag === "HTTP-protocol-error",
  );
  const nowhere = send("a:99999");
  await assert.rejects(
    nowhere,
    (error) => error instanceof HttpFailure && error.httpCode.tag === "HTTP-request-URI-invalid",
  );
});

test("an answer that is cut off fails where it ends", async () => {
  await using peer = await Peer.start((request, response) => {
    response.writeHead(200, { "Content-Length": "10" });
    response.write("half", () => request.socket.destroy());
  });
  const outcome = await send(peer.authority);
  assert.ok(!(outcome instanceof HttpFailure));
  await assert.rejects(textOf(outcome.content.open()), HttpFailure);
});
