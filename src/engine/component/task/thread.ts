import { trap } from "../abi/trap.ts";
import { type InstanceState, leave } from "../instance/instance-state.ts";
import type { Store } from "./store.ts";
import type { Task } from "./task.ts";

interface Wait {
  readonly isReady: () => boolean;
  readonly isCancellable: boolean;
  readonly goOn: (cancelled: boolean) => void;
}

/** One line of execution in a task: what it keeps for itself, and what it waits for. */
export class Thread {
  readonly task: Task;
  readonly store: Store;
  /** What `context.get` and `context.set` refer to. */
  readonly storage: number[] = [0, 0];
  #wait: Wait | undefined;
  /** Whether guest code of this thread is on a stack of its own, which is resumed later than it is told to. */
  #isStacked = false;
  /** Whether it waits in name only and goes on before all others. */
  #isPassing = false;
  #parked: PromiseWithResolvers<void> | undefined;
  #settling: PromiseWithResolvers<void> | undefined;

  constructor(task: Task, store: Store) {
    this.task = task;
    this.store = store;
  }

  get isCancellable(): boolean {
    return this.#wait?.isCancellable ?? false;
  }

  isReady(): boolean {
    return this.#wait?.isReady() ?? false;
  }

  /** Goes on with `goOn` once `isReady`; the thread runs nothing until then. */
  wait(wait: Wait): void {
    this.#wait = wait;
    this.store.add(this);
    if (!this.#isPassing) this.#endSettling();
    this.#park();
  }

  /**
   * Waits within guest code: false or, where the task was cancelled, true. At once where nothing is to be waited for,
   * else as a promise that suspends the guest.
   */
  block(isReady: () => boolean, isCancellable: boolean): boolean | Promise<boolean> {
    if (this.task.takeCancellation(isCancellable)) return true;
    if (isReady()) return false;
    return this.#suspend(isReady, isCancellable);
  }

  /** Lets others run. */
  yield(isCancellable: boolean): boolean | Promise<boolean> {
    if (this.task.takeCancellation(isCancellable)) return true;
    return this.task.isAsync ? this.#suspend(() => true, isCancellable) : false;
  }

  /** Waits in guest code until it is known what became of a call, and goes on before others that wait. */
  settled(answer: Promise<void>): Promise<void> {
    return this.waitFor(answer, true);
  }

  /** Waits for the host in guest code, whatever kind of task this is; the guest goes on with what the host answers. */
  async waitFor<T>(answer: Promise<T>, isPreferred = false): Promise<T> {
    let isSettled = false;
    const settled = answer.finally(() => {
      isSettled = true;
      if (isPreferred) this.store.prefer(this);
      this.store.wake();
    });
    settled.catch(() => undefined);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#isStacked = true;
    this.wait({ isReady: () => isSettled, isCancellable: false, goOn: resolve });
    await promise;
    return settled;
  }

  /** Goes on with `answer` before any other thread runs. */
  async pass<T>(answer: T): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#isStacked = true;
    this.#isPassing = true;
    this.store.prefer(this);
    this.wait({ isReady: () => true, isCancellable: false, goOn: resolve });
    await promise;
    return answer;
  }

  #suspend(isReady: () => boolean, isCancellable: boolean): Promise<boolean> {
    if (!this.task.isAsync) throw trap("cannot block a synchronous task before returning");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#isStacked = true;
    this.wait({ isReady, isCancellable, goOn: resolve });
    return promise;
  }

  /** Lets the thread run up to where it waits next. Guest code that has a stack of its own does so in a while. */
  resume(cancelled: boolean): Promise<void> | undefined {
    const wait = this.#wait;
    if (wait === undefined) return undefined;
    this.#wait = undefined;
    this.#isPassing = false;
    this.store.remove(this);
    const entered = this.task.instance.lineage().filter((instance) => instance.mayEnter);
    for (const instance of entered) instance.mayEnter = false;
    if (this.#isStacked) return this.#resumeStack(() => wait.goOn(cancelled), entered);
    wait.goOn(cancelled);
    if (this.#settling !== undefined) return this.#settle(this.#settling.promise, entered);
    leave(entered);
    return undefined;
  }

  async #settle(settling: Promise<void>, entered: readonly InstanceState[]): Promise<void> {
    await settling;
    leave(entered);
  }

  /**
   * There while guest code on a stack of its own has returned and it is not known yet with what: V8 tells that in a
   * microtask. Nobody can tell from outside whether the thread waits or has ended until then.
   */
  get settling(): Promise<void> | undefined {
    return this.#settling?.promise;
  }

  /** Guest code was called on a stack of its own. */
  called(): void {
    if (this.#wait === undefined || this.#isPassing) this.#settling = Promise.withResolvers();
  }

  async #resumeStack(goOn: () => void, entered: readonly InstanceState[]): Promise<void> {
    this.#parked = Promise.withResolvers();
    const { promise } = this.#parked;
    goOn();
    await promise;
    leave(entered);
  }

  /** The guest code of the thread has returned; `goOn` is what the thread does with that. */
  returned(goOn: () => void): void {
    this.#isStacked = false;
    this.store.run(this, goOn);
    this.#endSettling();
  }

  #endSettling(): void {
    this.#settling?.resolve();
    this.#settling = undefined;
  }

  /** The thread waits, or has ended. */
  #park(): void {
    this.#parked?.resolve();
    this.#parked = undefined;
  }

  end(): void {
    this.#park();
    this.store.wake();
  }
}
