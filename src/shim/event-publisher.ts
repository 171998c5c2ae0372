import { type Clock, KwasmError, type Log, systemErrorCode } from "#base";
import { type Any, Empty, ForwardRequest, timestampOf } from "#proto";
import { TtrpcClient } from "#ttrpc";

import type { EventJournal } from "./event-journal.ts";

/**
 * Events that wait while containerd is away: a start and an exit of 10,000 tasks. Older ones are dropped then;
 * containerd asks for the state of all tasks when it is back.
 */
export const EVENTS_QUEUED_MAX = 20_000;
/** The time that containerd's own publisher gives to one event. */
const CALL_TIMEOUT_MS = 5_000;
/** Between attempts to reach containerd: short enough that nobody notices, doubled up to the second number. */
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2_000;

export interface TaskEvent {
  readonly namespace: string;
  /** Such as `/tasks/exit`. */
  readonly topic: string;
  readonly event: Any;
}

export interface TimedEvent extends TaskEvent {
  readonly atMs: number;
}

interface EventPublisherOptions {
  /** containerd's ttrpc socket. */
  readonly address: string;
  /** What waits; the publisher closes it. */
  readonly queue: EventJournal;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sends events to containerd one after the other, and keeps them while it is away. Each is told at least once. */
export class EventPublisher implements AsyncDisposable {
  readonly #options: EventPublisherOptions;
  readonly #ending = new AbortController();
  readonly #queue: EventJournal;
  #client: TtrpcClient | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: EventPublisherOptions) {
    this.#options = options;
    this.#queue = options.queue;
    if (this.#queue.length > 0) this.#sending = this.#sendAll();
  }

  /** Never throws and never waits. */
  publish(event: TaskEvent): void {
    const { clock, log } = this.#options;
    if (this.#queue.length >= EVENTS_QUEUED_MAX) {
      const dropped = this.#queue.removeFirst();
      log.warn("an event is dropped: containerd is away for too long", { topic: dropped?.topic });
    }
    this.#queue.add({ ...event, atMs: clock.nowMs() });
    this.#sending ??= this.#sendAll();
  }

  /** Drops what is not sent yet. Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort(new KwasmError("cancelled", "send events: this process ends"));
    this.#client?.close();
    await this.#sending;
    this.#queue.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #sendAll(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (this.#queue.length > 0 && !this.#ending.signal.aborted) {
      if (await this.#sendFirst()) retryMs = RETRY_MS_MIN;
      else retryMs = await this.#waitFor(retryMs);
    }
    this.#sending = undefined;
  }

  /** Answers false where containerd is away; an event that it refuses is not sent again. */
  async #sendFirst(): Promise<boolean> {
    const { first } = this.#queue;
    if (first === undefined) return true;
    try {
      await this.#send(first);
    } catch (error) {
      if (isAway(error)) return false;
      this.#options.log.warn("containerd refused an event", { topic: first.topic, reason: String(error) });
    }
    // Another may have taken its place in a full queue meanwhile.
    if (this.#queue.first === first) this.#queue.removeFirst();
    return true;
  }

  async #send({ namespace, topic, event, atMs }: TimedEvent): Promise<void> {
    if (this.#client?.isOpen !== true) this.#client = await TtrpcClient.connect(this.#options.address);
    await this.#client.call(
      { service: "containerd.services.events.ttrpc.v1.Events", method: "Forward" },
      { request: ForwardRequest, response: Empty },
      { envelope: { timestamp: timestampOf(atMs), namespace, topic, event } },
      { timeoutMs: CALL_TIMEOUT_MS, metadata: { "containerd-namespace-ttrpc": namespace } },
    );
  }

  async #waitFor(retryMs: number): Promise<number> {
    this.#client?.close();
    this.#client = undefined;
    try {
      await this.#options.clock.sleep(retryMs, this.#ending.signal);
    } catch (error) {
      // The signal is the only thing that ends a sleep early, and the loop sees it too.
      if (!this.#ending.signal.aborted) throw error;
    }
    return Math.min(retryMs * 2, RETRY_MS_MAX);
  }
}

function isAway(error: unknown): boolean {
  if (!(error instanceof KwasmError)) return false;
  // A socket that is not there yet: containerd makes it when it starts.
  if (systemErrorCode(error.cause) === "ENOENT") return true;
  return error.code === "unavailable" || error.code === "deadline-exceeded";
}
