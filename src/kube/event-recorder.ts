import { createHash } from "node:crypto";
import { StringDecoder } from "node:string_decoder";

import { type Clock, KwasmError, type Log, systemClock } from "#base";

import { isApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { formatMicroTime } from "./micro-time.ts";
import { keyOf, type KubeObject } from "./object.ts";
import { resourceTypes } from "./resource-type.ts";

/** A limit of events.k8s.io/v1, which the API server counts in bytes of UTF-8. */
const NOTE_BYTES_MAX = 1024;
const ELLIPSIS = "…";

/** A pause of this length ends a series: client-go's. */
const SERIES_PAUSE_MS = 6 * 60_000;

/** Series that are remembered; the one that was used least recently is forgotten first. */
const SERIES_MAX = 1000;

/** Events that wait to be written; more come only when the API server is away, and are dropped. */
const PENDING_MAX = 500;

/** An API server that is away must not hold up the end of a process. */
const WRITE_MS_MAX = 5000;

/** New events of one object: this many at once, then one every five minutes. client-go's filter against spam. */
const OBJECT_BURST = 25;
const OBJECT_REFILL_MS = 5 * 60_000;

export interface EventFact {
  /** What it happened to. */
  readonly regarding: Pick<KubeObject, "apiVersion" | "kind" | "metadata">;
  readonly type: "Normal" | "Warning";
  /** One word, for programs: `ProvisioningFailed`. */
  readonly reason: string;
  /** What was being done, one word: `Provision`. */
  readonly action: string;
  /** A sentence for people. */
  readonly note: string;
}

export interface EventRecorder extends AsyncDisposable {
  /** Returns at once. The same fact again is counted in the event's series. */
  record(fact: EventFact): void;
  /** Resolves when everything that was recorded so far has been written or given up. */
  flush(): Promise<void>;
  /** Writes the last counts too. */
  close(): Promise<void>;
}

interface RecorderOptions {
  readonly client: KubeClient;
  /** `kwasm.sh/operator` */
  readonly controller: string;
  /** The process: its pod's name. */
  readonly instance: string;
  readonly log: Log;
  readonly clock?: Clock;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  count: number;
  writtenCount: number;
  lastMs: number;
}

/** One request, which throws when it fails. */
type Write = (options: { readonly signal: AbortSignal }) => Promise<unknown>;

export function createEventRecorder(options: RecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #budgets = new Map<string, { left: number; atMs: number }>();
  #writing: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  record(fact: EventFact): void {
    const key = seriesKeyOf(fact);
    const nowMs = this.#clock.nowMs();
    const series = this.#series.get(key);
    this.#series.delete(key);
    if (series !== undefined && nowMs - series.lastMs < SERIES_PAUSE_MS) {
      this.#series.set(key, series);
      this.#countOn(key, series, nowMs);
    } else if (this.#spend(fact, nowMs)) {
      this.#begin(key, fact, nowMs);
    } else {
      this.#options.log.debug("event dropped: its object has too many", { reason: fact.reason });
    }
  }

  flush(): Promise<void> {
    return this.#writing;
  }

  async close(): Promise<void> {
    for (const [key, series] of this.#series) {
      if (series.count > series.writtenCount) this.#writeCount(key, series);
    }
    await this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(key: string, fact: EventFact, nowMs: number): void {
    const { metadata } = fact.regarding;
    const hash = createHash("sha256").update(`${key}\n${nowMs}`).digest("hex").slice(0, 16);
    // A name has 253 characters at most.
    const name = `${metadata.name.slice(0, 236)}.${hash}`;
    const series: Series = {
      name,
      namespace: metadata.namespace ?? "default",
      count: 1,
      writtenCount: 1,
      lastMs: nowMs,
    };
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > SERIES_MAX && oldest !== undefined) this.#series.delete(oldest);
    this.#write(key, (options) =>
      this.#options.client.create(resourceTypes.event, this.#eventOf(fact, series), options),
    );
  }

  /** A count is written each time it has doubled: what happens a thousand times costs ten requests. */
  #countOn(key: string, series: Series, nowMs: number): void {
    series.count += 1;
    series.lastMs = nowMs;
    if (series.count >= series.writtenCount * 2) this.#writeCount(key, series);
  }

  #writeCount(key: string, series: Series): void {
    const { name, namespace, count, lastMs } = series;
    series.writtenCount = count;
    const body = { series: { count, lastObservedTime: formatMicroTime(lastMs) } };
    this.#write(key, (options) =>
      this.#options.client.patch(resourceTypes.event, { name, namespace }, { kind: "merge", body }, options),
    );
  }

  #eventOf(fact: EventFact, { name, namespace, lastMs }: Series): Parameters<KubeClient["create"]>[1] {
    const { controller, instance } = this.#options;
    const { apiVersion, kind, metadata } = fact.regarding;
    const { type, reason, action, note } = fact;
    return {
      metadata: { name, namespace },
      eventTime: formatMicroTime(lastMs),
      reportingController: controller,
      reportingInstance: instance,
      type,
      reason,
      action,
      note: shorten(note),
      regarding: { apiVersion, kind, name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
    };
  }

  /** One after the other, so that a count never comes before its event. */
  #write(key: string, write: Write): void {
    if (this.#pending >= PENDING_MAX) {
      this.#options.log.warn("event dropped: too many are waiting to be written", { limit: PENDING_MAX });
      return;
    }
    this.#pending += 1;
    this.#writing = this.#writeAfter(this.#writing, key, write);
  }

  async #writeAfter(earlier: Promise<void>, key: string, write: Write): Promise<void> {
    await earlier;
    try {
      await write({ signal: AbortSignal.timeout(WRITE_MS_MAX) });
    } catch (thrown) {
      this.#giveUp(key, thrown);
    }
    this.#pending -= 1;
  }

  /** The next fact of the series begins it anew: its event may never have been there, or its time may be over. */
  #giveUp(key: string, thrown: unknown): void {
    this.#series.delete(key);
    const level = isApiError(thrown, "not-found") ? "debug" : "warn";
    this.#options.log[level]("event not written", { error: KwasmError.from(thrown, "write an Event").message });
  }

  #spend({ regarding }: EventFact, nowMs: number): boolean {
    const key = regarding.metadata.uid ?? keyOf(regarding.metadata);
    const budget = this.#budgets.get(key) ?? { left: OBJECT_BURST, atMs: nowMs };
    const left = Math.min(OBJECT_BURST, budget.left + (nowMs - budget.atMs) / OBJECT_REFILL_MS);
    this.#budgets.delete(key);
    this.#budgets.set(key, { left: left < 1 ? left : left - 1, atMs: nowMs });
    const [oldest] = this.#budgets.keys();
    if (this.#budgets.size > SERIES_MAX && oldest !== undefined) this.#budgets.delete(oldest);
    return left >= 1;
  }
}

function seriesKeyOf({ regarding, type, reason, action, note }: EventFact): string {
  const { uid, name, namespace } = regarding.metadata;
  return JSON.stringify([regarding.kind, uid ?? keyOf({ name, namespace }), type, reason, action, note]);
}

function shorten(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_BYTES_MAX) return note;
  // A character that was cut is left out: as in a stream, it waits for its other half.
  return new StringDecoder("utf8").write(bytes.subarray(0, NOTE_BYTES_MAX - Buffer.byteLength(ELLIPSIS))) + ELLIPSIS;
}
