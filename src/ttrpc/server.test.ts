import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmError, silentLog } from "#base";
import { Empty, PidResponse, ProcessRequest, RpcRequest, RpcResponse } from "#proto";

import { TtrpcClient } from "./client.ts";
import { encodeFrame, FrameSplitter, frameType, MESSAGE_BYTES_MAX } from "./frame.ts";
import { CALLS_PER_CONNECTION_MAX } from "./server-connection.ts";
import { dispatchTo } from "./dispatch.ts";
import { TtrpcServer } from "./server.ts";
import { type Call, method } from "./service.ts";

const types = { request: ProcessRequest, response: PidResponse };
const soon = { timeoutMs: 10_000 };

/** A server whose methods are a length, an error, and calls that are answered when the test says so. */
class Bench implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-ttrpc-"));
  readonly path = join(this.#directory.path, "s");
  readonly held: { readonly call: Call; answer(): void }[] = [];
  readonly #server = new TtrpcServer(
    dispatchTo({
      test: {
        Length: method(ProcessRequest, PidResponse, ({ id }) => ({ pid: id.length })),
        Fail: method(ProcessRequest, PidResponse, ({ id }) => {
          throw new KwasmError("not-found", `find "${id}": there is none`);
        }),
        Hold: method(ProcessRequest, PidResponse, (_, call) => this.#hold(call)),
        Meta: method(ProcessRequest, PidResponse, (_, { metadata }) => ({ pid: Number(metadata.get("key")) })),
      },
    }),
    silentLog,
  );

  static async start(): Promise<Bench> {
    const bench = new Bench();
    await bench.#server.listen(bench.path);
    return bench;
  }

  async #hold(call: Call): Promise<{ pid: number }> {
    const done = Promise.withResolvers<void>();
    this.held.push({ call, answer: done.resolve });
    this.#arrived.resolve();
    await done.promise;
    return { pid: 1 };
  }

  #arrived = Promise.withResolvers<void>();

  /** Resolves when `count` calls are held. */
  async whenHeld(count: number): Promise<void> {
    while (this.held.length < count) {
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    this.#directory.remove();
  }
}

function ask(client: TtrpcClient, name: string, id: string, options: Parameters<TtrpcClient["call"]>[3] = soon) {
  return client.call({ service: "test", method: name }, types, { id }, options);
}

test("many calls of one connection are answered, each when it is done", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  const held = ask(client, "Hold", "");
  const lengths = await Promise.all(["a", "bb", "ccc"].map(async (id) => (await ask(client, "Length", id)).pid));
  assert.deepEqual(lengths, [1, 2, 3]);
  bench.held[0]?.answer();
  assert.equal((await held).pid, 1);
});

test("an error arrives with its code and message", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  await assert.rejects(ask(client, "Fail", "x"), { code: "not-found", message: /find "x": there is none/u });
  await assert.rejects(ask(client, "None", "x"), { code: "unsupported", message: /test\/None/u });
});

test("metadata reaches the method", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  assert.equal((await ask(client, "Meta", "", { ...soon, metadata: { key: "7" } })).pid, 7);
});

test("a call whose time is up is aborted where it waits and answered as late", async () => {
  await using bench = await Bench.start();
  const socket = connect(bench.path);
  socket.write(requestFrame(1, "Hold", 1_000_000n));
  const answer = await readAnswer(socket);
  assert.equal(answer.status?.code, 4);
  assert.ok(bench.held[0]?.call.signal.aborted);
  socket.destroy();
});

test("a caller that goes away aborts its calls", async () => {
  await using bench = await Bench.start();
  const client = await TtrpcClient.connect(bench.path);
  const lost = assert.rejects(ask(client, "Hold", ""), { code: "unavailable" });
  await bench.whenHeld(1);
  const signal = bench.held[0]?.call.signal;
  assert.ok(signal !== undefined);
  client.close();
  await lost;
  if (!signal.aborted) await once(signal, "abort");
});

test("a server that does not answer is given up by the client", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  await assert.rejects(ask(client, "Hold", "", { timeoutMs: 1 }), { code: "deadline-exceeded" });
});

test("calls above the limit of a connection are refused, and those below it are not", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  const calls = Array.from({ length: CALLS_PER_CONNECTION_MAX }, () => ask(client, "Hold", ""));
  await assert.rejects(ask(client, "Length", "abc"), { code: "limit-exceeded" });
  await bench.whenHeld(CALLS_PER_CONNECTION_MAX);
  for (const held of bench.held) held.answer();
  await Promise.all(calls);
  assert.equal((await ask(client, "Length", "abc")).pid, 3);
});

const protocolErrors: Readonly<Record<string, Buffer>> = {
  "an even stream": requestFrame(2, "Length"),
  "a stream that was used": Buffer.concat([requestFrame(3, "Length"), requestFrame(3, "Length")]),
  "a response": encodeFrame({ stream: 1, type: frameType.response, flags: 0, payload: new Uint8Array() }),
  "a message above the limit": tooLongHeader(),
};
for (const [what, bytes] of Object.entries(protocolErrors)) {
  test(`${what} closes its connection and no other`, async () => {
    await using bench = await Bench.start();
    using other = await TtrpcClient.connect(bench.path);
    const socket = connect(bench.path);
    socket.resume();
    socket.write(bytes);
    await once(socket, "close");
    assert.equal((await ask(other, "Length", "ab")).pid, 2);
  });
}

test("a request that is no message, and a streaming one, are answered with errors", async () => {
  await using bench = await Bench.start();
  const socket = connect(bench.path);
  socket.write(encodeFrame({ stream: 1, type: frameType.request, flags: 0, payload: Uint8Array.of(0xff) }));
  assert.equal((await readAnswer(socket)).status?.code, 15);
  socket.write(encodeFrame({ stream: 3, type: frameType.request, flags: 2, payload: new Uint8Array() }));
  assert.equal((await readAnswer(socket)).status?.code, 12);
  socket.destroy();
});

test("a caller that reads no answers is not read from, and gets all of them later", async () => {
  await using bench = await Bench.start();
  const socket = connect(bench.path);
  const count = 20_000;
  const missing = "m".repeat(200);
  for (let index = 0; index < count; index += 1) socket.write(requestFrame(index * 2 + 1, missing));
  const splitter = new FrameSplitter();
  let answered = 0;
  for await (const piece of socket) {
    answered += splitter.push(piece as Buffer).length;
    if (answered === count) break;
  }
  assert.equal(answered, count);
});

test("closing twice is closing once", async () => {
  const server = new TtrpcServer(dispatchTo({}), silentLog);
  await server.close();
  await server.close();
});

test("a folder that is not there is named", async () => {
  const server = new TtrpcServer(dispatchTo({}), silentLog);
  await assert.rejects(server.listen("/nowhere/socket"), { message: /\/nowhere\/socket/u });
  await assert.rejects(TtrpcClient.connect("/nowhere/socket"), { code: "not-found" });
});

function requestFrame(stream: number, name: string, timeoutNano = 0n): Buffer {
  const payload = RpcRequest.encode({ service: "test", method: name, payload: Empty.encode({}), timeoutNano });
  return encodeFrame({ stream, type: frameType.request, flags: 0, payload });
}

function tooLongHeader(): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(MESSAGE_BYTES_MAX + 1);
  return bytes;
}

async function readAnswer(socket: Socket) {
  const splitter = new FrameSplitter();
  for (;;) {
    const [piece] = (await once(socket, "data")) as [Buffer];
    const [frame] = splitter.push(piece);
    if (frame !== undefined) return RpcResponse.decode(frame.payload);
  }
}

test("a call that is handed on has no limit of time, and its answer and error are the peer's own", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  const hand = (name: string, id: string, key = "") =>
    client.forward({ service: "test", method: name }, ProcessRequest.encode({ id }), { metadata: { key } });
  assert.deepEqual(PidResponse.decode(await hand("Length", "abc")), { pid: 3 });
  assert.deepEqual(PidResponse.decode(await hand("Meta", "", "7")), { pid: 7 });
  await assert.rejects(hand("Fail", "x"), { code: "not-found", message: 'find "x": there is none' });
});

test("who stops waiting for a call that is handed on is told its own reason, and the connection stays", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  const controller = new AbortController();
  const options = { metadata: {}, signal: controller.signal };
  const held = client.forward({ service: "test", method: "Hold" }, ProcessRequest.encode({}), options);
  await bench.whenHeld(1);
  const reason = new KwasmError("cancelled", "nobody waits");
  controller.abort(reason);
  await assert.rejects(held, reason);
  const late = client.forward({ service: "test", method: "Length" }, ProcessRequest.encode({}), options);
  await assert.rejects(late, reason);
  assert.equal((await client.call({ service: "test", method: "Length" }, types, { id: "ab" }, soon)).pid, 2);
});

test("a connection's end is told", async () => {
  await using bench = await Bench.start();
  using client = await TtrpcClient.connect(bench.path);
  await bench[Symbol.asyncDispose]();
  await client.closed;
  assert.ok(!client.isOpen);
});
