import assert from "node:assert/strict";
import { test } from "node:test";

import { CreateTaskRequest, ProcessRequest, RpcRequest, RpcResponse } from "#proto";

import { type Frame, FrameSplitter } from "./frame.ts";
import recording from "./testdata/containerd-calls.json" with { type: "json" };

/** Bytes of a connection between containerd 1.6 and a shim, in pieces of a few bytes. */
function framesOf(hex: string): Frame[] {
  const splitter = new FrameSplitter();
  const bytes = Buffer.from(hex, "hex");
  const starts = Array.from({ length: Math.ceil(bytes.byteLength / 7) }, (_, index) => index * 7);
  return starts.flatMap((start) => splitter.push(bytes.subarray(start, start + 7)));
}

function requestsOf(hex: string) {
  return framesOf(hex).map(({ payload }) => RpcRequest.decode(payload));
}

const [run, sleeper] = recording.connections;
assert.ok(run !== undefined && sleeper !== undefined);

test("the calls of a short container are read in containerd's order", () => {
  const requests = requestsOf(run.requests);
  assert.ok(requests.every(({ service }) => service === "containerd.task.v2.Task"));
  assert.deepEqual(
    requests.map(({ method }) => method),
    ["Create", "Connect", "Connect", "Start", "Wait", "State", "State", "Delete", "Shutdown"],
  );
  assert.ok(requests.slice(1).every(({ payload }) => ProcessRequest.decode(payload).id === "hello"));
});

test("containerd's limits of time come with its calls", () => {
  const shutdown = requestsOf(run.requests).at(-1);
  const timeoutMs = Number(shutdown?.timeoutNano ?? 0n) / 1e6;
  assert.ok(timeoutMs > 2_900 && timeoutMs <= 3_000, `${String(timeoutMs)} ms`);
});

test("a task's creation has its bundle, its mounts and its streams", () => {
  const [create] = requestsOf(sleeper.requests);
  const request = CreateTaskRequest.decode(create?.payload ?? new Uint8Array());
  assert.equal(request.id, "sleeper");
  assert.match(request.bundle, /\/io\.containerd\.runtime\.v2\.task\/default\/sleeper$/u);
  assert.deepEqual(
    request.rootfs.map(({ type, source }) => [type, source]),
    [["overlay", "overlay"]],
  );
  assert.ok(request.rootfs[0]?.options.some((option) => option.startsWith("lowerdir=")));
  assert.match(request.stdout, /sleeper-stdout$/u);
});

test("each request has one answer", () => {
  for (const { requests, answers } of recording.connections) {
    const asked = framesOf(requests).map(({ stream }) => stream);
    const answered = framesOf(answers).map(({ stream, payload }) => {
      assert.equal(RpcResponse.decode(payload).status, undefined);
      return stream;
    });
    assert.deepEqual(
      answered.toSorted((a, b) => a - b),
      asked,
    );
  }
});
