import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";
import { RpcRequest, RpcResponse } from "#proto";
import { encodeFrame, type Frame, FrameSplitter, frameType } from "#ttrpc";

import { REPEATED_KEY } from "../repeated-calls.ts";
import { CALL_BYTES_MAX, CALLS_MAX, Relay } from "./relay.ts";

/** One control's end of its connection, as the test sees it. */
class FakeControl {
  readonly socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #frames: Frame[] = [];
  #more = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#frames.push(...this.#splitter.push(piece));
      this.#more.resolve();
    });
  }

  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      this.#more = Promise.withResolvers();
      await this.#more.promise;
    }
  }

  answer({ stream }: Frame, text: string): void {
    const payload = RpcResponse.encode({ payload: Buffer.from(text) });
    this.socket.write(encodeFrame({ stream, type: frameType.response, flags: 0, payload }));
  }
}

/** A relay, and controls that come and go behind it. */
class Bench implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-relay-"));
  readonly #server = createServer();
  readonly relay = new Relay({ log: silentLog, now: () => 0 });
  #relaySocket: Socket | undefined;

  static async start(): Promise<Bench> {
    const bench = new Bench();
    bench.#server.listen(join(bench.#directory.path, "s"));
    await once(bench.#server, "listening");
    return bench;
  }

  async startControl(): Promise<FakeControl> {
    const accepted = once(this.#server, "connection") as Promise<[Socket]>;
    this.#relaySocket = connect(join(this.#directory.path, "s"));
    const [socket] = await accepted;
    const control = new FakeControl(socket);
    this.relay.attach(this.#relaySocket);
    return control;
  }

  endControl(how: "crashed" | "killed"): void {
    this.relay.detach(how);
    this.#relaySocket?.destroy();
  }

  async call(method: string, signal = new AbortController().signal): Promise<string> {
    const answer = await this.relay.handle(RpcRequest.encode({ service: "s", method }), signal);
    const { payload, status } = RpcResponse.decode(answer);
    return status === undefined ? Buffer.from(payload).toString() : `status ${String(status.code)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relaySocket?.destroy();
    this.#server.close();
    this.#directory.remove();
  }
}

function isRepeated({ payload }: Frame): boolean {
  return RpcRequest.decode(payload).metadata.some(({ key }) => key === REPEATED_KEY);
}

test("calls that a control leaves unanswered are handed to the next, marked and in their order", async () => {
  await using bench = await Bench.start();
  const first = await bench.startControl();
  const answers = ["a", "b", "c"].map((method) => bench.call(method));
  const frames = [await first.next(), await first.next(), await first.next()];
  assert.deepEqual(frames.map(isRepeated), [false, false, false]);
  first.answer(frames[1] as Frame, "done");
  assert.equal(await answers[1], "done");
  bench.endControl("killed");
  const waiting = bench.call("d");
  const second = await bench.startControl();
  const again = [await second.next(), await second.next(), await second.next()];
  assert.deepEqual(
    again.map((frame) => [RpcRequest.decode(frame.payload).method, isRepeated(frame)]),
    [
      ["a", true],
      ["c", true],
      ["d", false],
    ],
  );
  for (const [index, frame] of again.entries()) second.answer(frame, String(index));
  assert.deepEqual(await Promise.all([answers[0], answers[2], waiting]), ["0", "1", "2"]);
});

test("a call that ends control each time is answered by an error, one that only waits is not", async () => {
  await using bench = await Bench.start();
  const answers = [bench.call("Create"), bench.call("Wait")];
  for (let ends = 0; ends < 5; ends += 1) {
    const control = await bench.startControl();
    await control.next();
    bench.endControl("crashed");
  }
  assert.equal(await answers[0], "status 13");
  const control = await bench.startControl();
  control.answer(await control.next(), "over");
  assert.equal(await answers[1], "over");
});

test("a call that its caller gives up is given up by control too", async () => {
  await using bench = await Bench.start();
  const control = await bench.startControl();
  const caller = new AbortController();
  const answer = bench.call("Wait", caller.signal);
  const { stream } = await control.next();
  caller.abort();
  await assert.rejects(answer, { code: "cancelled" });
  const frame = await control.next();
  assert.deepEqual([frame.type, frame.stream], [frameType.cancel, stream]);
});

test("as many calls wait as the limit says and no more", async () => {
  await using bench = await Bench.start();
  const callers = Array.from({ length: CALLS_MAX }, () => new AbortController());
  const calls = callers.map(({ signal }) => bench.call("Wait", signal));
  await assert.rejects(bench.call("Wait"), { code: "limit-exceeded" });
  for (const caller of callers) caller.abort();
  const ends = await Promise.allSettled(calls);
  assert.ok(ends.every(({ status }) => status === "rejected"));
});

test("a call as long as the limit is carried, also again, and one that is longer harms no other", async () => {
  await using bench = await Bench.start();
  const first = await bench.startControl();
  const method = "x".repeat(
    CALL_BYTES_MAX - RpcRequest.encode({ service: "s", method: "x".repeat(2 ** 21) }).byteLength + 2 ** 21,
  );
  const longest = bench.call(method);
  await assert.rejects(bench.call(`${method}x`), { code: "limit-exceeded" });
  await first.next();
  bench.endControl("killed");
  const second = await bench.startControl();
  second.answer(await second.next(), "done");
  assert.equal(await longest, "done");
});
