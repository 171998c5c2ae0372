import { trap } from "../abi/trap.ts";
import type { InstanceState } from "../instance/instance-state.ts";
import type { BorrowScope } from "../instance/resource.ts";
import type { ComponentValue } from "../values.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { FunctionPlan } from "../abi/function-plan.ts";
import type { AbiContext } from "../abi/context.ts";
import { Thread } from "./thread.ts";

/** A caller's side of a call: where parameters come from and where the result goes; no result where it was cancelled. */
export interface Caller {
  readonly instance: InstanceState | undefined;
  start(): readonly ComponentValue[];
  resolve(result: ComponentValue, outcome: "returned" | "cancelled"): void;
  /** All that the call does is done, also what it did after it had returned. */
  end?(): void;
}

/** A call that was started. */
export interface StartedCall {
  /** There where it is not known yet whether the call waits or has ended. */
  readonly settling: Promise<void> | undefined;
  /** Asks the call to end; the answer is there where it is not known yet what it made of that. */
  requestCancellation(): Promise<void> | undefined;
}

type TaskState = "initial" | "started" | "cancel pending" | "cancel delivered" | "resolved";

/** One call of a function of an instance, until all that it does is done. */
export class Task implements BorrowScope, StartedCall {
  readonly instance: InstanceState;
  readonly plan: FunctionPlan;
  readonly options: CanonOptions;
  readonly context: AbiContext;
  readonly thread: Thread;
  readonly #caller: Caller;
  borrows = 0;
  #state: TaskState = "initial";

  constructor(context: AbiContext, plan: FunctionPlan, options: CanonOptions, caller: Caller) {
    this.instance = context.instance;
    this.context = context;
    this.plan = plan;
    this.options = options;
    this.#caller = caller;
    this.thread = new Thread(this, context.instance.store);
  }

  get isAsync(): boolean {
    return this.plan.type.async;
  }

  get settling(): Promise<void> | undefined {
    return this.thread.settling;
  }

  /** Whether guest code of the task may only run while no other such task's does. */
  get needsExclusive(): boolean {
    return !this.options.async || this.options.callback !== undefined;
  }

  get isResolved(): boolean {
    return this.#state === "resolved";
  }

  hasBackpressure(): boolean {
    const { instance } = this;
    return instance.backpressure > 0 || (this.needsExclusive && instance.exclusive !== undefined);
  }

  start(): readonly ComponentValue[] {
    this.#state = "started";
    return this.#caller.start();
  }

  return(result: ComponentValue): void {
    if (this.#state === "resolved") throw trap("`task.return` or `task.cancel` called more than once");
    if (this.borrows > 0) throw trap("borrow handles still remain at the end of the call");
    this.#state = "resolved";
    this.#caller.resolve(result, "returned");
  }

  cancel(): void {
    if (this.#state !== "cancel delivered") throw trap("`task.cancel` called by task which has not been cancelled");
    if (this.borrows > 0) throw trap("borrow handles still remain at the end of the call");
    this.#state = "resolved";
    this.#caller.resolve(undefined, "cancelled");
  }

  /** The caller wants the task to end; it is told at once where it waits for that, or when it next does. */
  requestCancellation(): Promise<void> | undefined {
    if (this.#state === "initial") {
      this.#state = "cancel delivered";
      return this.#resumeCancelled();
    }
    if (this.#state === "started") {
      const { exclusive } = this.instance;
      const isHeld = this.needsExclusive && exclusive !== undefined && exclusive !== this.thread;
      if (this.thread.isCancellable && !isHeld && this.instance.mayEnter) {
        this.#state = "cancel delivered";
        return this.#resumeCancelled();
      }
      this.#state = "cancel pending";
    }
    return undefined;
  }

  #resumeCancelled(): Promise<void> | undefined {
    return this.thread.store.run(this.thread, () => this.thread.resume(true));
  }

  /** Whether a cancellation waits to be told; it is told by the answer. */
  takeCancellation(isCancellable: boolean): boolean {
    if (!isCancellable || this.#state !== "cancel pending") return false;
    this.#state = "cancel delivered";
    return true;
  }

  /** All guest code of the task has returned. */
  end(): void {
    if (this.#state !== "resolved") throw trap("async-lifted export failed to produce a result");
    this.thread.end();
    this.#caller.end?.();
  }
}
