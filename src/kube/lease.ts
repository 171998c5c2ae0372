import { type Clock, KwasmError, type Log, systemClock } from "#base";

import { isApiError } from "./api-error.ts";
import type { KubeClient, NewObject } from "./client.ts";
import { createInformer, type Informer } from "./informer.ts";
import { decideLease, type LeaseDecision, type LeaseState, readLease, type SeenLease } from "./lease-state.ts";
import { formatMicroTime } from "./micro-time.ts";
import { keyOf } from "./object.ts";
import { resourceTypes } from "./resource-type.ts";

/** Others take the lease when it was not renewed for so long: client-go's default. */
const DURATION_MS = 15_000;
/** A holder that could not renew for so long stops working, before others begin. */
const RENEW_DEADLINE_MS = 10_000;
const RENEW_PERIOD_MS = 5000;
/** After a renewal that failed. */
const RETRY_PERIOD_MS = 1000;

interface LeaseOptions {
  readonly client: KubeClient;
  readonly name: string;
  readonly namespace: string;
  /** Unlike that of every other process. */
  readonly identity: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly durationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly renewPeriodMs?: number;
}

/**
 * Waits until the lease is ours, and calls `lead` then. `signal` ends both: the lease is renewed until `lead` has
 * returned, and then given up, so that the next takes over at once. If the lease is lost, the signal of `lead` aborts,
 * and its end is waited for before `unavailable` is thrown: the process should end then.
 */
export async function runWithLease(
  options: LeaseOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const lease = new Lease(options);
  const isOurs = await lease.acquire(signal);
  if (!isOurs) return;
  const lost = new AbortController();
  const done = new AbortController();
  const renewing = lease.renewUntil(done.signal, lost);
  try {
    await lead(AbortSignal.any([signal, lost.signal]));
  } finally {
    done.abort();
    await renewing;
    if (!lost.signal.aborted) await lease.release();
  }
  if (lost.signal.aborted) throw KwasmError.from(lost.signal.reason, "hold the Lease");
}

class Lease {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  #held: LeaseState | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log.with({ lease: keyOf(options), identity: options.identity });
  }

  /** False where the signal came first. Others' renewals are watched, not asked for. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const stop = new AbortController();
    const { client, name, namespace, log } = this.#options;
    const fieldSelector = `metadata.name=${name}`;
    const informer = createInformer({ client, type: resourceTypes.lease, namespace, fieldSelector, log });
    const running = informer.run(AbortSignal.any([signal, stop.signal]));
    try {
      await informer.whenSynced(signal);
      this.#log.debug("watching the lease");
      return await this.#acquireSeen(informer, signal);
    } catch (thrown) {
      if (signal.aborted) return false;
      throw thrown;
    } finally {
      stop.abort();
      await running;
    }
  }

  async #acquireSeen(informer: Informer, signal: AbortSignal): Promise<boolean> {
    let seen: SeenLease | undefined;
    let changed = Promise.withResolvers<void>();
    using _subscription = informer.onChange(({ kind, item }) => {
      seen = kind === "deleted" ? undefined : { state: readLease(item), seenAtMs: this.#clock.nowMs() };
      changed.resolve();
    });
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const decision = decideLease(seen, this.#options.identity, this.#clock.nowMs());
      if (await this.#tryTake(decision)) return true;
      await this.#sleepOr(changed.promise, decision.kind === "wait" ? decision.durationMs : RETRY_PERIOD_MS, signal);
    }
    return false;
  }

  async #tryTake(decision: LeaseDecision): Promise<boolean> {
    if (decision.kind === "wait") return false;
    const from = decision.kind === "take" ? decision.from : undefined;
    try {
      await this.#take(from);
      this.#log.info("lease acquired", { from: from?.holder });
      return true;
    } catch (thrown) {
      const error = KwasmError.from(thrown, "take the Lease");
      if (isApiError(thrown, "conflict", "already-exists")) this.#log.debug("somebody else was faster");
      else this.#log.warn("lease cannot be taken yet", { error: error.message });
      return false;
    }
  }

  async #take(from: LeaseState | undefined): Promise<void> {
    const { client, identity } = this.#options;
    const now = formatMicroTime(this.#clock.nowMs());
    const isRenewal = from?.holder === identity;
    const spec = {
      ...this.#spec(now),
      acquireTime: isRenewal ? (from.acquireTime ?? now) : now,
      leaseTransitions: from === undefined ? 0 : from.transitions + (isRenewal ? 0 : 1),
    };
    const object = this.#object(spec, from?.resourceVersion);
    const written =
      from === undefined
        ? await client.create(resourceTypes.lease, object)
        : await client.replace(resourceTypes.lease, object);
    this.#held = readLease(written);
  }

  /** Renews until `done`; aborts `lost` when the lease is not ours any more. Never rejects. */
  async renewUntil(done: AbortSignal, lost: AbortController): Promise<void> {
    const { renewPeriodMs = RENEW_PERIOD_MS } = this.#options;
    let renewedAtMs = this.#clock.nowMs();
    let waitMs = renewPeriodMs;
    while (!(await this.#isOver(done, waitMs))) {
      const startedMs = this.#clock.nowMs();
      const problem = await this.#tryRenew();
      if (problem === undefined) {
        renewedAtMs = startedMs;
        waitMs = renewPeriodMs;
        continue;
      }
      const leftMs = renewedAtMs + this.#renewDeadlineMs - this.#clock.nowMs();
      if (problem.isFinal || leftMs <= 0) {
        this.#log.error("lease lost", { error: problem.error.message });
        lost.abort(
          new KwasmError("unavailable", `hold Lease "${keyOf(this.#options)}": it was lost`, { cause: problem.error }),
        );
        return;
      }
      this.#log.warn("lease not renewed yet", { error: problem.error.message });
      waitMs = Math.min(leftMs, RETRY_PERIOD_MS);
    }
  }

  async #tryRenew(): Promise<{ readonly error: KwasmError; readonly isFinal: boolean } | undefined> {
    const signal = AbortSignal.timeout(this.#renewDeadlineMs / 2);
    const { client, identity } = this.#options;
    try {
      await this.#renew(signal);
      return undefined;
    } catch (thrown) {
      const error = KwasmError.from(thrown, "renew the Lease");
      if (!isApiError(thrown, "conflict")) return { error, isFinal: isApiError(thrown, "not-found") };
      // Either somebody took it, or an answer to a renewal of ours was lost.
      const current = await client.get(resourceTypes.lease, this.#options, { signal }).catch(() => undefined);
      if (current !== undefined) this.#held = readLease(current);
      return { error, isFinal: current !== undefined && this.#held?.holder !== identity };
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const spec = {
      ...this.#spec(formatMicroTime(this.#clock.nowMs())),
      acquireTime: this.#held?.acquireTime,
      leaseTransitions: this.#held?.transitions,
    };
    const object = this.#object(spec, this.#held?.resourceVersion);
    this.#held = readLease(await this.#options.client.replace(resourceTypes.lease, object, { signal }));
  }

  /** As client-go: nobody holds it, and whoever sees the old holder still waits for one second at most. */
  async release(): Promise<void> {
    const now = formatMicroTime(this.#clock.nowMs());
    const spec = {
      holderIdentity: "",
      leaseDurationSeconds: 1,
      renewTime: now,
      acquireTime: now,
      leaseTransitions: this.#held?.transitions,
    };
    try {
      const signal = AbortSignal.timeout(this.#renewDeadlineMs / 2);
      await this.#options.client.replace(resourceTypes.lease, this.#object(spec, this.#held?.resourceVersion), {
        signal,
      });
      this.#log.info("lease handed over");
    } catch (thrown) {
      // The next leader only waits until the lease has run out.
      this.#log.warn("lease not handed over", { error: KwasmError.from(thrown, "hand over the Lease").message });
    }
  }

  get #renewDeadlineMs(): number {
    return this.#options.renewDeadlineMs ?? RENEW_DEADLINE_MS;
  }

  #spec(now: string): Readonly<Record<string, unknown>> {
    const { identity, durationMs = DURATION_MS } = this.#options;
    return { holderIdentity: identity, leaseDurationSeconds: Math.ceil(durationMs / 1000), renewTime: now };
  }

  #object(spec: Readonly<Record<string, unknown>>, resourceVersion: string | undefined): NewObject {
    const { name, namespace } = this.#options;
    return { metadata: { name, namespace, ...(resourceVersion !== undefined && { resourceVersion }) }, spec };
  }

  async #isOver(done: AbortSignal, waitMs: number): Promise<boolean> {
    await this.#sleepOr(new Promise(() => undefined), waitMs, done);
    return done.aborted;
  }

  async #sleepOr(event: Promise<void>, waitMs: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    // Rejects when it is stopped or the signal aborts, both of which the caller sees.
    const slept = this.#clock.sleep(waitMs, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
    await Promise.race([event, slept]);
    stop.abort();
  }
}
