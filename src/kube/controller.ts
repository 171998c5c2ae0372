import { type Clock, KwasmError, type Log, systemClock } from "#base";

import { isApiError } from "./api-error.ts";
import type { Informer } from "./informer.ts";
import type { Change } from "./object-cache.ts";
import { type ControllerObserver, silentObserver } from "./observer.ts";
import { type QueueListener, WorkQueue } from "./work-queue.ts";

/** Something that brings keys to a controller. */
export interface Trigger {
  whenSynced(signal: AbortSignal): Promise<void>;
  subscribe(enqueue: (key: string) => void): Disposable;
}

/** The keys to be reconciled when an object of the informer changes; by default the object's own. */
export function triggerOf<Item>(
  informer: Informer<Item>,
  keysOf: (change: Change<Item>) => readonly string[] = ({ key }) => [key],
): Trigger {
  return {
    whenSynced: (signal) => informer.whenSynced(signal),
    subscribe: (enqueue) => informer.onChange((change) => keysOf(change).forEach((key) => enqueue(key))),
  };
}

/** What is to be done about a key, whatever happened to it. */
export interface Controller {
  readonly name: string;
  readonly triggers: readonly Trigger[];
  /** How many keys at once; one by default. A key is never in hand twice. */
  readonly concurrency?: number;
  /** Brings the world to where it should be; what it throws is logged and tried again after a growing wait. */
  reconcile(key: string, signal: AbortSignal): Promise<Reconciled>;
}

/** When the key should be looked at again though nothing changed; undefined: not at all. */
export type Reconciled = { readonly requeueAfterMs?: number | undefined } | undefined;

interface ControllerOptions {
  readonly log: Log;
  readonly clock?: Clock;
  readonly observer?: ControllerObserver;
}

/** Runs until the signal aborts, and then until what is in hand has ended. */
export async function runController(
  controller: Controller,
  signal: AbortSignal,
  options: ControllerOptions,
): Promise<void> {
  const { name, triggers, concurrency = 1 } = controller;
  const { clock = systemClock, observer = silentObserver } = options;
  const log = options.log.with({ controller: name });
  using queue = new WorkQueue({ clock, listener: listenerOf(name, observer) });
  using subscriptions = new DisposableStack();
  for (const trigger of triggers) subscriptions.use(trigger.subscribe((key) => queue.add(key)));
  try {
    await Promise.all(triggers.map((trigger) => trigger.whenSynced(signal)));
  } catch (thrown) {
    if (signal.aborted) return;
    throw thrown;
  }
  log.info("controller started", { workers: concurrency });
  observer.controllerStarted(name, concurrency);
  const close = (): void => queue.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  const worker = { controller, queue, clock, observer, log, signal };
  await Promise.all(Array.from({ length: concurrency }, () => work(worker)));
  signal.removeEventListener("abort", close);
  log.info("controller ended");
}

interface Worker {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
  readonly log: Log;
  readonly signal: AbortSignal;
}

async function work(worker: Worker): Promise<void> {
  const { queue } = worker;
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    await reconcileOnce(worker, key);
    queue.done(key);
  }
}

async function reconcileOnce({ controller, queue, clock, observer, log, signal }: Worker, key: string): Promise<void> {
  const startedMs = clock.nowMs();
  observer.reconcileStarted(controller.name);
  try {
    const { requeueAfterMs } = (await controller.reconcile(key, signal)) ?? {};
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
    const outcome = requeueAfterMs === undefined ? "success" : "requeue_after";
    observer.reconcileEnded(controller.name, outcome, clock.nowMs() - startedMs);
  } catch (thrown) {
    observer.reconcileEnded(controller.name, "error", clock.nowMs() - startedMs);
    if (signal.aborted) return;
    logFailure(log, key, KwasmError.from(thrown, `reconcile "${key}"`));
    queue.retry(key, isApiError(thrown) ? thrown.retryAfterMs : undefined);
  }
}

/** A conflict is how the API tells that somebody was faster, and no fault; a fault of ours shows where it is. */
function logFailure(log: Log, key: string, error: KwasmError): void {
  const fields = { key, code: error.code, error: error.message };
  if (isApiError(error, "conflict")) log.debug("reconcile will be repeated", fields);
  else log.error("reconcile failed", error.code === "internal" ? { ...fields, stack: stackOf(error) } : fields);
}

function stackOf(error: KwasmError): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : error.stack;
}

function listenerOf(name: string, observer: ControllerObserver): QueueListener {
  return {
    added: () => observer.queueAdded(name),
    depth: (depth) => observer.queueDepth(name, depth),
    retried: () => observer.queueRetried(name),
    waited: (durationMs) => observer.queueWaited(name, durationMs),
  };
}
