import { trap } from "../abi/trap.ts";
import type { Lenders } from "../instance/resource.ts";
import type { Store } from "./store.ts";

export const eventCodes = {
  none: 0,
  subtask: 1,
  streamRead: 2,
  streamWrite: 3,
  futureRead: 4,
  futureWrite: 5,
  taskCancelled: 6,
} as const;

/** What happened, to what, and with which outcome: three numbers for the guest. */
export interface WaitEvent {
  readonly code: number;
  readonly index: number;
  readonly payload: number;
}

/** What a call answers with where it would have to wait. */
export const BLOCKED = -1;

/** Something that a guest can wait for. */
export class Waitable {
  readonly store: Store;
  set: WaitableSet | undefined;
  hasSyncWaiter = false;
  #pending: (() => WaitEvent) | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  get hasPendingEvent(): boolean {
    return this.#pending !== undefined;
  }

  /** `event` is asked what happened when the guest is told, because more may happen until then. */
  setPendingEvent(event: () => WaitEvent): void {
    this.#pending = event;
    this.store.wake();
  }

  takePendingEvent(): WaitEvent {
    const pending = this.#pending;
    if (pending === undefined) throw trap("there is no event");
    this.#pending = undefined;
    return pending();
  }

  /** Waits in guest code until something happened, and answers with what. */
  waitForEvent(): WaitEvent | Promise<WaitEvent> {
    this.hasSyncWaiter = true;
    const waited = this.store.thread.block(() => this.hasPendingEvent, false);
    if (waited instanceof Promise) return this.#afterwards(waited);
    this.hasSyncWaiter = false;
    return this.takePendingEvent();
  }

  async #afterwards(waited: Promise<boolean>): Promise<WaitEvent> {
    await waited;
    this.hasSyncWaiter = false;
    return this.takePendingEvent();
  }

  join(set: WaitableSet | undefined): void {
    if (this.hasSyncWaiter) throw trap("waitable is used synchronously and cannot join a set");
    this.set?.elements.delete(this);
    this.set = set;
    set?.elements.add(this);
    this.store.wake();
  }
}

/** Several things to wait for at once. */
export class WaitableSet {
  readonly elements = new Set<Waitable>();
  waiting = 0;

  get hasPendingEvent(): boolean {
    for (const element of this.elements) {
      if (element.hasPendingEvent) return true;
    }
    return false;
  }

  takePendingEvent(): WaitEvent {
    for (const element of this.elements) {
      if (!element.hasPendingEvent) continue;
      // What was told goes to the end, so that the others get their turn.
      this.elements.delete(element);
      this.elements.add(element);
      return element.takePendingEvent();
    }
    return noEvent;
  }
}

export const noEvent: WaitEvent = { code: eventCodes.none, index: 0, payload: 0 };
export const cancelledEvent: WaitEvent = { code: eventCodes.taskCancelled, index: 0, payload: 0 };

export const subtaskStates = {
  starting: 0,
  started: 1,
  returned: 2,
  cancelledBeforeStarted: 3,
  cancelledBeforeReturned: 4,
} as const;

/** A call that its caller did not wait for. */
export class Subtask extends Waitable {
  state: number = subtaskStates.starting;
  lenders: Lenders | undefined;
  isCancellationRequested = false;
  isResolveDelivered = false;
  /** The handle by which the caller knows it; none before the call has returned to the caller. */
  index: number | undefined;
  /** There where it is not known yet whether the call waits or has ended. */
  settling: Promise<void> | undefined;
  /** Asks the callee to end; see `StartedCall`. */
  requestCancellation: () => Promise<void> | undefined = () => undefined;

  get isResolved(): boolean {
    return this.state >= subtaskStates.returned;
  }

  /** The callee has come further; the caller is told where it has a handle to be told by. */
  advance(state: number): void {
    this.state = state;
    const { index } = this;
    this.store.wake();
    if (index === undefined) return;
    this.setPendingEvent(() => {
      if (this.isResolved && !this.isResolveDelivered) this.deliverResolve();
      return { code: eventCodes.subtask, index, payload: this.state };
    });
  }

  /** The caller knows of the end: what it lent is its own again. */
  deliverResolve(): void {
    this.lenders?.release();
    this.isResolveDelivered = true;
  }
}

/** A message about what went wrong, as guests hand it on. */
export class ErrorContext {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}
