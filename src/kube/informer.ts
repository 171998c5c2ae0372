import { type Clock, KwasmError, type Log, systemClock } from "#base";

import { isApiError } from "./api-error.ts";
import { backoffMs, spreadMs } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { keyOf, type KubeObject } from "./object.ts";
import { type Change, type IndexFunction, ObjectCache } from "./object-cache.ts";
import type { Selection } from "./resource-path.ts";
import type { ResourceType } from "./resource-type.ts";
import type { WatchEvent } from "./watch-event.ts";

/** As client-go's reflector: soon at first, since most ends of a watch are restarts of an API server. */
const RECONNECT = { baseMs: 200, maxMs: 30_000 };

/** A watch that ends sooner without a word did not work. */
const WATCH_MS_MIN = 1000;

/** Objects of one kind, kept as they are by a watch. */
export interface Informer<Item = KubeObject> extends Disposable {
  readonly type: ResourceType;
  readonly hasSynced: boolean;
  readonly size: number;
  /** Resolves when everything that was there has been seen; rejects when the signal aborts first. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  get(key: string): Item | undefined;
  items(): IteratorObject<Item>;
  byIndex(index: string, value: string): readonly Item[];
  /** Calls the handler for each change from now on, and first for each object that is known already. */
  onChange(handler: (change: Change<Item>) => void): Disposable;
  /** Lists and watches until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface CommonOptions<Item> extends Selection {
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly log: Log;
  readonly indexes?: Readonly<Record<string, IndexFunction<Item>>>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * `transform` takes from an object what is needed of it, which saves memory; updates that leave the result the same are
 * silent, so it should leave out `resourceVersion` and heartbeats.
 */
interface TransformOptions<Item> extends CommonOptions<Item> {
  readonly transform: (object: KubeObject) => Item;
}

export function createInformer<Item>(options: TransformOptions<Item>): Informer<Item>;
export function createInformer(options: CommonOptions<KubeObject>): Informer;
export function createInformer<Item>(options: CommonOptions<Item> & Partial<TransformOptions<Item>>): Informer<Item> {
  // Without a transform the second overload holds: an item is the object itself.
  const transform = options.transform ?? ((object: KubeObject) => object as Item);
  return new WatchedCache({ ...options, transform });
}

class WatchedCache<Item> implements Informer<Item> {
  readonly type: ResourceType;
  readonly #options: TransformOptions<Item>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cache: ObjectCache<Item>;
  readonly #handlers = new Set<(change: Change<Item>) => void>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #closed = new AbortController();
  #hasSynced = false;
  /** Where the next watch begins; undefined when a list must come first. */
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(options: TransformOptions<Item>) {
    this.type = options.type;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log.with({ resource: options.type.plural });
    this.#cache = new ObjectCache(options.indexes);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get size(): number {
    return this.#cache.size;
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<void>();
    if (signal === undefined) return this.#synced.promise;
    function cancel(): void {
      reject(new KwasmError("cancelled", "wait for a cache: it was cancelled"));
    }
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    return Promise.race([this.#synced.promise, promise]).finally(() => signal.removeEventListener("abort", cancel));
  }

  get(key: string): Item | undefined {
    return this.#cache.get(key);
  }

  items(): IteratorObject<Item> {
    return this.#cache.versions().map(({ item }) => item);
  }

  byIndex(index: string, value: string): readonly Item[] {
    return this.#cache.byIndex(index, value);
  }

  onChange(handler: (change: Change<Item>) => void): Disposable {
    this.#handlers.add(handler);
    for (const { key, item } of this.#cache.versions()) handler({ kind: "added", key, item });
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    while (!ended.aborted) {
      const startedMs = this.#clock.nowMs();
      try {
        await this.#listAndWatch(ended);
        if (this.#clock.nowMs() - startedMs < WATCH_MS_MIN) await this.#pause(ended);
      } catch (thrown) {
        if (ended.aborted) return;
        await this.#recover(thrown, ended);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const { client, type } = this.#options;
    this.#resourceVersion ??= await this.#list(signal);
    const selection = { ...this.#options, resourceVersion: this.#resourceVersion, signal };
    for await (const event of client.watch(type, selection)) {
      this.#failures = 0;
      this.#take(event);
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, type } = this.#options;
    let resourceVersion = "";
    this.#cache.beginList();
    for await (const page of client.listPages(type, { ...this.#options, signal })) {
      for (const object of page.items) this.#put(object);
      ({ resourceVersion } = page);
    }
    for (const change of this.#cache.endList()) this.#emit(change);
    this.#hasSynced = true;
    this.#synced.resolve();
    return resourceVersion;
  }

  #take(event: WatchEvent): void {
    if (event.kind === "bookmark") {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    if (event.kind === "deleted") {
      const change = this.#cache.remove(keyOf(event.object.metadata));
      if (change !== undefined) this.#emit(change);
    } else {
      this.#put(event.object);
    }
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  #put(object: KubeObject): void {
    const { metadata } = object;
    const item = this.#options.transform(object);
    const change = this.#cache.put({ key: keyOf(metadata), resourceVersion: metadata.resourceVersion ?? "", item });
    if (change !== undefined) this.#emit(change);
  }

  #emit(change: Change<Item>): void {
    for (const handler of this.#handlers) handler(change);
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    if (isApiError(thrown, "gone")) this.#resourceVersion = undefined;
    const error = KwasmError.from(thrown, `watch ${this.type.plural}`);
    const reason = isApiError(thrown) ? thrown.reason : undefined;
    const fields = { error: error.message, code: error.code, reason, failures: this.#failures + 1 };
    // Restarts of an API server are daily business; what goes on is not.
    if (this.#failures === 0) this.#log.info("watch ended, will be renewed", fields);
    else this.#log.warn("watch cannot be renewed yet", fields);
    await this.#pause(signal, isApiError(thrown) ? thrown.retryAfterMs : undefined);
  }

  async #pause(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    this.#failures += 1;
    const waitMs = spreadMs(backoffMs(RECONNECT, this.#failures), this.#options.random ?? Math.random);
    // Aborted: the loop sees it.
    await this.#clock.sleep(Math.max(waitMs, atLeastMs), signal).catch(() => undefined);
  }
}
