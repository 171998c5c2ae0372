import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { type Clock, KwasmError, silentLog } from "#base";
import { Empty, ForwardRequest, packAny, TaskStart } from "#proto";
import { dispatchTo, method, TtrpcServer } from "#ttrpc";

import { EventJournal } from "./event-journal.ts";
import { EventPublisher, EVENTS_QUEUED_MAX } from "./event-publisher.ts";

/** Sleeps until the test says that the time is over. */
class HeldClock implements Clock {
  readonly #asleep = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  nowMs(): number {
    return 0;
  }

  async sleep(_delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => this.#over.reject(new Error("aborted")), { once: true });
    this.#asleep.resolve();
    await this.#over.promise;
  }

  whenAsleep(): Promise<void> {
    return this.#asleep.promise;
  }

  wake(): void {
    this.#over.resolve();
  }
}

interface Received {
  readonly server: TtrpcServer;
  readonly topics: string[];
  readonly last: Promise<void>;
}

/** Takes events until one of the topic `last`; refuses those of the topic `refused`. */
function createReceiver(): Received {
  const topics: string[] = [];
  const last = Promise.withResolvers<void>();
  const Forward = method(ForwardRequest, Empty, ({ envelope }) => {
    const topic = envelope?.topic ?? "";
    topics.push(topic);
    if (topic === "last") last.resolve();
    if (topic === "refused") throw new KwasmError("invalid-argument", "take an event: it is refused");
    return {};
  });
  const server = new TtrpcServer(dispatchTo({ "containerd.services.events.ttrpc.v1.Events": { Forward } }), silentLog);
  return { server, topics, last: last.promise };
}

function publish(publisher: EventPublisher, topic: string): void {
  publisher.publish({ namespace: "default", topic, event: packAny(TaskStart, { containerId: "a" }) });
}

test("events that were made while containerd was away come later, in order; a refused one does not hold up the rest", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-events-"));
  const address = join(folder.path, "s");
  const clock = new HeldClock();
  const queue = EventJournal.open(join(folder.path, "events"), silentLog);
  await using publisher = new EventPublisher({ address, clock, log: silentLog, queue });
  for (const topic of ["first", "refused", "last"]) publish(publisher, topic);
  await clock.whenAsleep();
  const { server, topics, last } = createReceiver();
  await using _server = server;
  await server.listen(address);
  clock.wake();
  await last;
  assert.deepEqual(topics, ["first", "refused", "last"]);
});

test("the oldest events are dropped when more wait than the limit", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-events-"));
  const address = join(folder.path, "s");
  const clock = new HeldClock();
  const queue = EventJournal.open(join(folder.path, "events"), silentLog);
  await using publisher = new EventPublisher({ address, clock, log: silentLog, queue });
  publish(publisher, "dropped");
  await clock.whenAsleep();
  for (let index = 1; index < EVENTS_QUEUED_MAX; index += 1) publish(publisher, "kept");
  publish(publisher, "last");
  const { server, topics, last } = createReceiver();
  await using _server = server;
  await server.listen(address);
  clock.wake();
  await last;
  assert.deepEqual([topics.length, topics[0]], [EVENTS_QUEUED_MAX, "kept"]);
});

test("closing ends the wait for containerd", async () => {
  const clock = new HeldClock();
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-events-"));
  const queue = EventJournal.open(join(folder.path, "events"), silentLog);
  const publisher = new EventPublisher({ address: "/nowhere/s", clock, log: silentLog, queue });
  publish(publisher, "lost");
  await clock.whenAsleep();
  await publisher.close();
  await publisher.close();
});

test("what a publisher could not send is sent by the next one", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-events-"));
  const [address, path] = [join(folder.path, "s"), join(folder.path, "events")];
  const clock = new HeldClock();
  const first = new EventPublisher({ address, clock, log: silentLog, queue: EventJournal.open(path, silentLog) });
  for (const topic of ["first", "last"]) publish(first, topic);
  await clock.whenAsleep();
  await first.close();
  const { server, topics, last } = createReceiver();
  await using _server = server;
  await server.listen(address);
  const queue = EventJournal.open(path, silentLog);
  await using _next = new EventPublisher({ address, clock: new HeldClock(), log: silentLog, queue });
  await last;
  assert.deepEqual(topics, ["first", "last"]);
});
