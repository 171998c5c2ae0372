import { type Clock, systemClock } from "#base";

import { backoffMs } from "./backoff.ts";

/** As controller-runtime's default: a conflict is tried again at once, what stays broken every quarter of an hour. */
const RETRY_BASE_MS = 5;
const RETRY_MAX_MS = 16 * 60_000;

/** Sees what a queue does. */
export interface QueueListener {
  added(): void;
  depth(depth: number): void;
  retried(): void;
  waited(durationMs: number): void;
}

interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly retryBaseMs?: number;
  readonly retryMaxMs?: number;
  readonly listener?: QueueListener | undefined;
}

/**
 * Keys to be worked on. A key waits once however often it is added; one that is in hand is not given out again before
 * it is done, and is then given out once more if it was added meanwhile.
 */
export class WorkQueue implements Disposable {
  readonly #clock: Clock;
  readonly #retry: { readonly baseMs: number; readonly maxMs: number };
  readonly #listener: QueueListener | undefined;
  /** Keys that wait for a worker, oldest first, and since when. */
  readonly #waiting = new Map<string, number>();
  readonly #inHand = new Set<string>();
  readonly #addedInHand = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #delayed: DelayedKeys;
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #isClosed = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#retry = { baseMs: options.retryBaseMs ?? RETRY_BASE_MS, maxMs: options.retryMaxMs ?? RETRY_MAX_MS };
    this.#listener = options.listener;
    this.#delayed = new DelayedKeys(this.#clock, (key) => this.add(key));
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#isClosed || this.#waiting.has(key) || this.#addedInHand.has(key)) return;
    this.#listener?.added();
    if (this.#inHand.has(key)) this.#addedInHand.set(key, this.#clock.nowMs());
    else this.#enqueue(key, this.#clock.nowMs());
  }

  /** Adds the key after a while; the earliest time that was asked for counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#isClosed) return;
    if (delayMs <= 0) this.add(key);
    else this.#delayed.add(key, this.#clock.nowMs() + delayMs);
  }

  /** Adds the key after a wait that doubles with each call since the last `forget`. */
  retry(key: string, atLeastMs = 0): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#listener?.retried();
    this.addAfter(key, Math.max(atLeastMs, backoffMs(this.#retry, failures)));
  }

  /** The next `retry` of the key waits as short as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, now or as soon as there is one; undefined once the queue is closed. To be followed by `done`. */
  take(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    const [next] = this.#waiting.keys();
    if (next === undefined) return new Promise((resolve) => void this.#takers.push(resolve));
    const sinceMs = this.#waiting.get(next) ?? 0;
    this.#waiting.delete(next);
    this.#listener?.depth(this.depth);
    this.#hand(next, sinceMs);
    return Promise.resolve(next);
  }

  done(key: string): void {
    this.#inHand.delete(key);
    const sinceMs = this.#addedInHand.get(key);
    this.#addedInHand.delete(key);
    if (sinceMs !== undefined && !this.#isClosed) this.#enqueue(key, sinceMs);
  }

  /** Drops what waits and lets every taker go. */
  close(): void {
    this.#isClosed = true;
    this.#delayed.close();
    this.#waiting.clear();
    this.#addedInHand.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enqueue(key: string, sinceMs: number): void {
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#waiting.set(key, sinceMs);
      this.#listener?.depth(this.depth);
      return;
    }
    this.#hand(key, sinceMs);
    taker(key);
  }

  #hand(key: string, sinceMs: number): void {
    this.#inHand.add(key);
    this.#listener?.waited(this.#clock.nowMs() - sinceMs);
  }
}

/** Keys that come back later. One timer runs, for the earliest of them. */
class DelayedKeys {
  readonly #clock: Clock;
  readonly #release: (key: string) => void;
  readonly #dueMs = new Map<string, number>();
  #timer: { readonly dueMs: number; readonly stop: AbortController } | undefined;

  constructor(clock: Clock, release: (key: string) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  add(key: string, dueMs: number): void {
    this.#dueMs.set(key, Math.min(dueMs, this.#dueMs.get(key) ?? Infinity));
    if (this.#timer === undefined || dueMs < this.#timer.dueMs) this.#restart();
  }

  close(): void {
    this.#dueMs.clear();
    this.#timer?.stop.abort();
    this.#timer = undefined;
  }

  #restart(): void {
    this.#timer?.stop.abort();
    const dueMs = this.#dueMs.values().reduce((earliest, due) => Math.min(earliest, due), Infinity);
    if (dueMs === Infinity) {
      this.#timer = undefined;
      return;
    }
    const stop = new AbortController();
    this.#timer = { dueMs, stop };
    this.#clock.sleep(Math.max(0, dueMs - this.#clock.nowMs()), stop.signal).then(
      () => this.#releaseDue(stop.signal),
      () => undefined, // Aborted: another timer took over.
    );
  }

  #releaseDue(signal: AbortSignal): void {
    if (signal.aborted) return;
    const nowMs = this.#clock.nowMs();
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs);
    for (const [key] of due) this.#dueMs.delete(key);
    this.#restart();
    for (const [key] of due) this.#release(key);
  }
}
