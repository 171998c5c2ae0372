import { setImmediate } from "node:timers/promises";
import { Bag, type Placed } from "#base";
import { trap } from "../abi/trap.ts";
import type { Supervision } from "../values.ts";
import { callOfNobody, type FlatCall, type Link } from "./linked-function.ts";
import type { Thread } from "./thread.ts";

/** Resumptions after which others of the process get their turn where nobody supervises: a guest may yield for ever. */
const RESUMPTIONS_MAX = 64;

/** Somebody who waits for an answer, and is to be told where there will be none. */
interface Watcher extends Placed {
  readonly onFailure: (error: unknown) => void;
}

/** Whoever nobody else supervises lets the event loop go round now and then. */
function supervisionByCount(): Supervision {
  let count = 0;
  return {
    enter: () => undefined,
    leave: () => undefined,
    admit: () => (++count % RESUMPTIONS_MAX === 0 ? setImmediate() : undefined),
  };
}

/**
 * The waiting threads of one component and all within it. They are looked at when something happened that one of them
 * may wait for, never on a timer; one runs at a time.
 */
export class Store {
  /** The thread whose guest code runs now. */
  current: Thread | undefined;
  readonly #waiting = new Set<Thread>();
  readonly #watchers = new Bag<Watcher>();
  /** Threads that go on before all others, in this order. */
  readonly #preferred: Thread[] = [];
  #isTicking = false;
  #isWoken = false;
  #tickEnd: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  readonly #links: Link[] = [];
  /** Told when guest code runs. */
  readonly supervision: Supervision;

  constructor(supervision: Supervision = supervisionByCount()) {
    this.supervision = supervision;
  }

  /** Something happened: threads that were waiting for it go on, as soon as what runs now has returned. */
  wake(): void {
    if (this.#isWoken || this.#isTicking || this.#waiting.size === 0) return;
    this.#isWoken = true;
    queueMicrotask(() => void this.#tick());
  }

  add(thread: Thread): void {
    this.#waiting.add(thread);
    this.wake();
  }

  /** The thread is about to wait, and goes on before all others. */
  prefer(thread: Thread): void {
    this.#preferred.push(thread);
  }

  remove(thread: Thread): void {
    this.#waiting.delete(thread);
  }

  /** Runs guest code as a thread, up to where it first waits. */
  run<T>(thread: Thread, code: () => T): T {
    const before = this.current;
    this.current = thread;
    try {
      return code();
    } finally {
      this.current = before;
    }
  }

  /** Runs guest code that the host calls: whoever supervises is told. */
  enterFromHost<T>(code: () => T): T {
    this.supervision.enter();
    try {
      return code();
    } finally {
      this.supervision.leave();
    }
  }

  get thread(): Thread {
    if (this.current === undefined) throw trap("there is no task that this belongs to");
    return this.current;
  }

  /** Resolves once no thread is being resumed, so that a call from outside may come in. */
  async whenIdle(): Promise<void> {
    while (this.#isTicking && this.#failure === undefined) {
      this.#tickEnd ??= Promise.withResolvers();
      await this.#tickEnd.promise;
    }
  }

  /** Told when anything in here traps; all calls end with that. The answer takes `onFailure` off again. */
  watch(onFailure: (error: unknown) => void): () => void {
    if (this.#failure !== undefined) onFailure(this.#failure.error);
    const watcher: Watcher = { place: undefined, onFailure };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Whether nothing in here runs any more. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** Throws what ended the component, where something has. */
  requireAlive(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** After a trap, or at the end that the host sets, nothing in here runs again. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#waiting.clear();
    for (const { onFailure } of this.#watchers.takeAll()) onFailure(error);
    this.#tickEnd?.resolve();
  }

  /** Notes that a core instance calls what is in here. */
  link(call: FlatCall): Link {
    const link = { call };
    this.#links.push(link);
    return link;
  }

  /** Nothing in here runs again, and what core instances import keeps nothing of it alive. */
  end(): void {
    this.fail((instanceGone ??= trap("the instance is no more")));
    for (const link of this.#links) link.call = callOfNobody;
  }

  async #tick(): Promise<void> {
    this.#isWoken = false;
    this.#isTicking = true;
    while (this.#failure === undefined) {
      const thread = this.#nextReady();
      if (thread === undefined) break;
      await this.#resume(thread);
    }
    this.#isTicking = false;
    this.#tickEnd?.resolve();
    this.#tickEnd = undefined;
  }

  #nextReady(): Thread | undefined {
    const preferred = this.#preferred.shift();
    if (preferred !== undefined) return preferred;
    for (const thread of this.#waiting) {
      if (thread.isReady()) return thread;
    }
    return undefined;
  }

  async #resume(thread: Thread): Promise<void> {
    try {
      const turn = this.supervision.admit();
      if (turn !== undefined) await turn;
      if (this.#failure !== undefined) return;
      this.supervision.enter();
      this.current = thread;
      await thread.resume(false);
    } catch (error) {
      this.fail(error);
    } finally {
      this.current = undefined;
      this.supervision.leave();
    }
  }
}

/** One for all: it is made for each end of an instance otherwise, with a stack that nobody reads. */
let instanceGone: Error | undefined;
