import assert from "node:assert/strict";
import { test } from "node:test";
import { anchoredRealtime, deadlinePollable, systemClocks } from "./clocks.ts";
import { Interrupt } from "./interrupt.ts";
import { createMemoryPipe } from "./memory-stream.ts";
import { alwaysReady, Signal } from "./pollable.ts";
import { fillSecureRandom } from "./random.ts";
import { Turn, turnSliceMs } from "./turn.ts";

function signalPollable(): {
  signal: Signal;
  pollable: { isReady(): boolean; onReady(c: () => void): () => void };
  set(): void;
} {
  const signal = new Signal();
  let isReady = false;
  return {
    signal,
    pollable: { isReady: () => isReady, onReady: (callback) => signal.onReady(callback) },
    set() {
      isReady = true;
      signal.fire();
    },
  };
}

test("waits for the first of several and leaves nothing at the others", async () => {
  const interrupt = new Interrupt();
  const [first, second] = [signalPollable(), signalPollable()];
  for (let round = 0; round < 50; round += 1) {
    const pipe = createMemoryPipe();
    const wait = interrupt.whenAnyReady([first.pollable, pipe.input.readable, second.pollable]);
    assert.equal(first.signal.waiting, 1);
    pipe.output.write(Buffer.from("x"));
    await wait;
    assert.equal(first.signal.waiting + second.signal.waiting + interrupt.waiting, 0);
  }
});

test("goes on waiting when a callback proves to be about nothing", async () => {
  const interrupt = new Interrupt();
  const source = signalPollable();
  let isOver = false;
  const wait = interrupt.whenAnyReady([source.pollable]).then(() => (isOver = true));
  source.signal.fire();
  await new Promise(setImmediate);
  assert.equal(isOver, false);
  source.set();
  assert.equal(await wait, true);
});

test("ends waits for nothing, for signals and for clocks by the error of abort, timers included", async () => {
  const interrupt = new Interrupt();
  const { signal, pollable } = signalPollable();
  const never = deadlinePollable(() => 0n, 2n ** 63n);
  const waits = [interrupt.whenAnyReady([]), interrupt.whenAnyReady([pollable]), interrupt.whenAnyReady([never])];
  const timersBefore = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const error = new Error("killed");
  interrupt.abort(error);
  interrupt.abort(new Error("again"));
  for (const wait of waits) await assert.rejects(wait, (thrown) => thrown === error);
  const timersAfter = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  assert.equal(timersBefore - timersAfter, 1);
  assert.equal(signal.waiting + interrupt.waiting, 0);
  await assert.rejects(interrupt.whenAnyReady([pollable]), (thrown) => thrown === error);
});

test("answers at once what is ready, and calls back later what asks for it", async () => {
  await new Interrupt().whenAnyReady([alwaysReady]);
  let isCalled = false;
  alwaysReady.onReady(() => (isCalled = true))();
  await new Promise(setImmediate);
  assert.equal(isCalled, false, "taken back");
  await new Promise<void>((resolve) => void alwaysReady.onReady(resolve));
});

test("is ready when its clock says so, in steps that a timer can hold", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let nowNs = 0n;
  const daysNs = 60n * 86_400n * 1_000_000_000n;
  const pollable = deadlinePollable(() => nowNs, daysNs);
  let calls = 0;
  pollable.onReady(() => (calls += 1));
  nowNs = BigInt(2 ** 31 - 1) * 1_000_000n;
  context.mock.timers.tick(2 ** 31 - 1);
  assert.equal(calls, 0);
  nowNs = daysNs;
  context.mock.timers.runAll();
  assert.equal(calls >= 1, true);
  assert.equal(pollable.isReady(), true);
});

test("follows a wall clock that is set, and never runs back between two settings", () => {
  let steadyNs = 5_000n;
  let wallMs = 1_000;
  const realtimeNs = anchoredRealtime(
    () => steadyNs,
    () => wallMs,
  );
  assert.equal(realtimeNs(), 1_000_000_000n);
  steadyNs += 1_999_000n;
  wallMs += 1;
  assert.equal(realtimeNs(), 1_001_999_000n);
  wallMs = 500;
  assert.equal(realtimeNs(), 500_000_000n);
});

test("reads clocks that go forward", () => {
  for (const clock of [systemClocks.monotonicNs, systemClocks.processCpuNs, systemClocks.threadCpuNs]) {
    const before = clock();
    assert.ok(before > 0n && clock() >= before);
  }
  const realtimeMs = Number(systemClocks.realtimeNs() / 1_000_000n);
  assert.ok(Math.abs(realtimeMs - Date.now()) < 60_000);
});

test("fills more random bytes than the system gives at once", () => {
  const target = new Uint8Array(200_000);
  fillSecureRandom(target);
  for (let offset = 0; offset < target.length; offset += 20_000) {
    assert.ok(target.subarray(offset, offset + 20_000).some((byte) => byte !== 0));
  }
});

test("lets the event loop go round once a slice is spent", async () => {
  let nowMs = 0;
  const turn = new Turn(() => nowMs);
  assert.equal(turn.isSpent(), false);
  nowMs += turnSliceMs / 2;
  assert.equal(turn.isSpent(), false);
  nowMs += turnSliceMs / 2;
  assert.equal(turn.isSpent(), true);
  let wentRound = false;
  setImmediate(() => (wentRound = true));
  await turn.breathe(new Interrupt());
  assert.equal(wentRound, true);
  assert.equal(turn.isSpent(), false, "a new slice has begun");
});
