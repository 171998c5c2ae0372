import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chunksOf, compileComponent, type ComponentPlan, type HostImports, valueOfFuture } from "./index.ts";
import { handingOnComponent, summingComponent, waitingComponent } from "./testing/waiting-components.ts";

const memoryBytesMax = 16 * 1_048_576;

/** What the host offers for `waitingComponent`. */
function host(later: (value: number) => number | Promise<number>): HostImports {
  return { interfaces: { "test:waiting/host@0.3.2": { functions: { later }, resources: {} } } };
}

function plan(): Promise<ComponentPlan> {
  return compileComponent(waitingComponent(), { memoryBytesMax });
}

test("a function of async type that is answered at once returns at once", async () => {
  const instance = (await plan()).instantiate(host((value) => value * 2));
  assert.equal(await instance.find("run")?.call(21), 43);
});

test("a task that waits for the host goes on by callback when the host answers", async () => {
  const instance = (await plan()).instantiate(
    host(async (value) => {
      await sleep(1);
      return value * 2;
    }),
  );
  assert.equal(await instance.find("run")?.call(21), 43);
});

test("tasks that wait keep the process neither awake nor busy, and each gets its own answer", async () => {
  const answers: ((value: number) => void)[] = [];
  const component = await plan();
  const instances = Array.from({ length: 1_000 }, () =>
    component.instantiate(host(() => new Promise((resolve) => answers.push(resolve)))),
  );
  const runs = instances.flatMap((instance) => instance.find("run") ?? []).map((run) => run.call(1));
  while (answers.length < instances.length) await Promise.resolve();
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((resource) => resource === "Timeout" || resource === "Immediate"),
    [],
  );
  answers.forEach((answer, index) => answer(index));
  assert.deepEqual(
    await Promise.all(runs),
    runs.map((_run, index) => index + 1),
  );
});

test("what the host rejects ends the component, and every call into it", async () => {
  const reason = new Error("the other side is gone");
  const instance = (await plan()).instantiate(host(() => Promise.reject(reason)));
  const run = instance.find("run");
  await assert.rejects(run?.call(1) ?? Promise.resolve(), (error: Error) => error.cause === reason);
  await assert.rejects(run?.call(1) ?? Promise.resolve(), (error: Error) => error.cause === reason);
});

/** Chunks of so many bytes, each one more than the last, with a wait now and then. */
async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    if (index % 3 === 0) await sleep(0);
    yield new Uint8Array(size).fill(index % 256);
  }
}

test("a stream of the host is read to its end, whatever the sizes of its pieces are", async () => {
  const component = await compileComponent(summingComponent(), { memoryBytesMax });
  for (const [count, size] of [
    [0, 1],
    [1, 1],
    [10, 4_096],
    [7, 10_000],
    [3, 0],
    [100, 333],
  ] as const) {
    const instance = component.instantiate({ interfaces: {} });
    const expected = Array.from({ length: count }, (_value, index) => BigInt(index % 256) * BigInt(size));
    const sum = expected.reduce((total, value) => total + value, 0n);
    assert.equal(await instance.find("sum")?.call(chunks(count, size)), sum);
  }
});

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1, 2, 3);
  await sleep(0);
  throw new Error("the disk is gone");
}

test("what fails while a stream is made ends the guest that reads it", async () => {
  const component = await compileComponent(summingComponent(), { memoryBytesMax });
  const run = component.instantiate({ interfaces: {} }).find("sum");
  await assert.rejects(run?.call(broken()) ?? Promise.resolve(), /the disk is gone/);
});

test("a stream and a future that a guest returns are read by the host", async () => {
  const instance = (await compileComponent(handingOnComponent(), { memoryBytesMax })).instantiate({ interfaces: {} });
  const stream = await instance.find("hand-stream")?.call(chunks(20, 100));
  assert.ok(typeof stream === "object");
  let sum = 0;
  for await (const chunk of chunksOf(stream)) {
    assert.ok(chunk instanceof Uint8Array);
    for (const byte of chunk) sum += byte;
  }
  assert.equal(sum, 19_000);
  const future = await instance.find("hand-future")?.call({ future: sleep(1).then(() => "there") });
  assert.ok(typeof future === "object");
  assert.equal(await valueOfFuture(future), "there");
});

test("who stops reading a stream early lets the writer stop", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(10);
    } finally {
      end("ended");
    }
  }
  const instance = (await compileComponent(handingOnComponent(), { memoryBytesMax })).instantiate({ interfaces: {} });
  const stream = await instance.find("hand-stream")?.call(endless());
  assert.ok(typeof stream === "object");
  for await (const chunk of chunksOf(stream)) {
    assert.ok(chunk instanceof Uint8Array);
    break;
  }
  assert.equal(await ended, "ended");
});
