import { closeSync, fstatSync, readSync } from "node:fs";

import { KwasmError } from "#base";
import { createLoader, type Guest, moduleLimits, startGuest } from "#engine";

import type { GuestOrder, GuestOutcome, RunQueue } from "../channel/index.ts";
import { openGrants } from "./grants.ts";
import { outcomeOf, outcomeOfFailure } from "./guest-outcome.ts";

/** How long the last output of an ended guest may take to leave this process, milliseconds. */
const FLUSH_MS_MAX = 1_000;

interface GuestRunnerOptions {
  readonly runQueue: RunQueue;
  readonly onEnded: (guest: number, outcome: GuestOutcome) => void;
}

/** Starts, ends and counts the guests of this cell, known by the numbers that control gave them. */
export class GuestRunner {
  readonly #options: GuestRunnerOptions;
  readonly #loader = createLoader();
  readonly #guests = new Map<number, Guest>();
  /** Guests that have not begun yet. */
  readonly #starting = new Set<number>();
  /** Those of them that are to end as soon as they have, with the signal. */
  readonly #doomed = new Map<number, string>();

  constructor(options: GuestRunnerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the guest's first instruction is next: the answer must be on its way before a guest that never
   * yields gets the thread. Owns the descriptors from here on. A guest that cannot run ends as `refused`.
   */
  async start(order: GuestOrder, descriptors: readonly number[]): Promise<void> {
    const grants = openGrants(order, descriptors);
    this.#starting.add(order.number);
    try {
      const module = await this.#loader.load(readModule(grants.moduleFd), {
        digest: order.moduleDigest,
        memoryBytesMax: order.memoryBytesMax,
      });
      setImmediate(
        () =>
          void this.#run(
            order,
            () => startGuest(module, { ...grants.config, thread: this.#threadOf(order.number) }),
            () => grants.flush(),
          ),
      );
    } catch (error) {
      grants.close();
      this.#forgetStart(order.number);
      this.#options.onEnded(order.number, outcomeOfFailure(error));
    } finally {
      closeSync(grants.moduleFd);
    }
  }

  /** Resolves once the guest is gone. A guest that keeps the thread is never reached; control sees that by its clock. */
  async kill(number: number, signal: string): Promise<void> {
    const guest = this.#guests.get(number);
    if (guest === undefined) {
      // One that has ended meanwhile is gone already, and nothing would take its number out again.
      if (this.#starting.has(number)) this.#doomed.set(number, signal);
      return;
    }
    guest.kill(signal);
    await guest.ended;
  }

  memoryBytes(number: number): number {
    return this.#guests.get(number)?.memoryBytes() ?? 0;
  }

  async #run(order: GuestOrder, begin: () => Promise<Guest>, flush: () => Promise<void>): Promise<void> {
    const { number } = order;
    let outcome: GuestOutcome;
    try {
      const guest = await begin();
      this.#guests.set(number, guest);
      const doom = this.#doomed.get(number);
      if (doom !== undefined) guest.kill(doom);
      outcome = outcomeOf(await guest.ended, guest.memoryRefused());
    } catch (error) {
      outcome = outcomeOfFailure(error);
    }
    this.#guests.delete(number);
    this.#forgetStart(number);
    await withinTime(flush(), FLUSH_MS_MAX);
    this.#options.onEnded(number, outcome);
  }

  #forgetStart(number: number): void {
    this.#starting.delete(number);
    this.#doomed.delete(number);
  }

  /** Tells the shared page when this guest has the thread. */
  #threadOf(number: number): { enter: () => void; leave: () => void } {
    const { runQueue } = this.#options;
    return { enter: () => runQueue.enter(number), leave: () => runQueue.leave() };
  }
}

/** Reads a module whole, through the descriptor's own position-less reads; its size is checked before any memory is taken. */
function readModule(fd: number): Uint8Array<ArrayBuffer> {
  const { size } = fstatSync(fd);
  if (size > moduleLimits.moduleBytesMax) {
    throw new KwasmError(
      "limit-exceeded",
      `read a module of ${String(size)} bytes: at most ${String(moduleLimits.moduleBytesMax)} are taken; build a smaller one`,
    );
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  while (offset < size) {
    const read = readSync(fd, bytes, offset, size - offset, offset);
    if (read === 0) break;
    offset += read;
  }
  return bytes.subarray(0, offset);
}

async function withinTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, milliseconds);
  await Promise.race([work, timeout.promise]);
  clearTimeout(timer);
}
