import type { AbiContext, CoreFunction, FlatValue } from "../abi/context.ts";
import { type FunctionPlan, liftResult, lowerParameters } from "../abi/function-plan.ts";
import { trap } from "../abi/trap.ts";
import { enter, type InstanceState, leave } from "../instance/instance-state.ts";
import type { StringSource } from "../instance/items.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import { type Caller, type StartedCall, Task } from "./task.ts";
import { cancelledEvent, noEvent, WaitableSet, type WaitEvent } from "./waitable.ts";

/** What a guest's function answers that goes on by callback. */
const callbackCodes = { exit: 0, yield: 1, wait: 2 } as const;

/** A core function called on a stack of its own. What is a function of ours needs none: what it calls has its own. */
export function stackedForm(callee: CoreFunction): (...flat: FlatValue[]) => Promise<unknown> {
  try {
    return WebAssembly.promising(callee);
  } catch {
    // V8 takes functions of core instances only, and nothing else tells them apart.
    return async (...flat) => callee(...flat);
  }
}

/** The core functions behind a component function of async type. */
export interface TaskFunctions {
  readonly callee: CoreFunction;
  readonly callback: CoreFunction | undefined;
  readonly postReturn: CoreFunction | undefined;
}

/** Starts tasks of one function: as one call, as a call with callbacks, or as one that waits on a stack of its own. */
export class TaskStarter {
  readonly #context: AbiContext;
  readonly #plan: FunctionPlan;
  readonly #options: CanonOptions;
  readonly #functions: TaskFunctions;
  readonly #stacked = new Map<CoreFunction, (...flat: FlatValue[]) => Promise<unknown>>();

  constructor(context: AbiContext, plan: FunctionPlan, options: CanonOptions, functions: TaskFunctions) {
    this.#context = context;
    this.#plan = plan;
    this.#options = options;
    this.#functions = functions;
  }

  get #instance(): InstanceState {
    return this.#context.instance;
  }

  /** Runs the task up to where it first waits. */
  start(caller: Caller, encoding: StringSource): StartedCall {
    const entered = this.#instance.enteredFrom(caller.instance);
    enter(entered);
    const task = new Task(this.#context, this.#plan, this.#options, caller);
    this.#instance.store.run(task.thread, () => this.#admit(task, encoding));
    leave(entered);
    return task;
  }

  /** Lets the task in at once, or when the instance takes calls again. */
  #admit(task: Task, encoding: StringSource): void {
    const instance = this.#instance;
    if (!task.hasBackpressure() && instance.waitingToEnter === 0) {
      this.#begin(task, encoding);
      return;
    }
    instance.waitingToEnter += 1;
    task.thread.wait({
      isReady: () => !task.hasBackpressure(),
      isCancellable: true,
      goOn: (cancelled) => {
        instance.waitingToEnter -= 1;
        if (cancelled) {
          task.cancel();
          task.thread.end();
        } else {
          this.#begin(task, encoding);
        }
      },
    });
  }

  #begin(task: Task, encoding: StringSource): void {
    if (task.needsExclusive) this.#instance.exclusive = task.thread;
    const parameters = task.start();
    const context = this.#context;
    context.begin();
    context.source = encoding;
    context.scope = task;
    const flat = lowerParameters(this.#plan, context, parameters);
    context.scope = undefined;
    this.#call(task, this.#functions.callee, flat, (returned) => this.#returned(task, returned));
  }

  /** Calls guest code of the task and goes on with what it returns. */
  #call(task: Task, callee: CoreFunction, flat: FlatValue[], goOn: (returned: unknown) => void): void {
    const isStackful = this.#options.async && this.#options.callback === undefined;
    if (!isStackful && !this.#instance.maySuspend) {
      goOn(callee(...flat));
      return;
    }
    const { store } = this.#instance;
    const call = this.#stackedForm(callee)(...flat);
    task.thread.called();
    call.then((returned) => task.thread.returned(() => goOn(returned))).catch((error: unknown) => store.fail(error));
  }

  #stackedForm(callee: CoreFunction): (...flat: FlatValue[]) => Promise<unknown> {
    const known = this.#stacked.get(callee);
    if (known !== undefined) return known;
    const made = stackedForm(callee);
    this.#stacked.set(callee, made);
    return made;
  }

  #returned(task: Task, returned: unknown): void {
    if (this.#functions.callback !== undefined) {
      this.#answered(task, this.#functions.callback, Number(returned) >>> 0);
      return;
    }
    if (!this.#options.async) this.#finish(task, returned);
    this.#exit(task);
  }

  /** A function that returns its result. */
  #finish(task: Task, returned: unknown): void {
    this.#context.begin();
    task.return(liftResult(this.#plan, this.#context, returned));
    const { postReturn } = this.#functions;
    if (postReturn === undefined) return;
    this.#instance.mayLeave = false;
    if (returned === undefined) postReturn();
    // What the core function returned is what it takes.
    else postReturn(returned as FlatValue);
    this.#instance.mayLeave = true;
  }

  #answered(task: Task, callback: CoreFunction, packed: number): void {
    const code = packed & 0xf;
    if (code === callbackCodes.exit) {
      this.#exit(task);
      return;
    }
    if (code === callbackCodes.yield) {
      this.#wait(task, callback, undefined);
      return;
    }
    if (code !== callbackCodes.wait) throw trap(`unsupported callback code "${code}"`);
    const set = this.#instance.handles.get(packed >>> 4);
    if (!(set instanceof WaitableSet)) throw trap("a handle is not a waitable set");
    this.#wait(task, callback, set);
  }

  /** Waits for an event of the set, or, without one, until others had their turn. */
  #wait(task: Task, callback: CoreFunction, set: WaitableSet | undefined): void {
    const instance = this.#instance;
    instance.exclusive = undefined;
    if (task.takeCancellation(true)) {
      this.#callBack(task, callback, cancelledEvent);
      return;
    }
    if (set !== undefined) set.waiting += 1;
    task.thread.wait({
      isReady: () => instance.exclusive === undefined && (set?.hasPendingEvent ?? true),
      isCancellable: true,
      goOn: (cancelled) => {
        if (set !== undefined) set.waiting -= 1;
        this.#callBack(task, callback, cancelled ? cancelledEvent : (set?.takePendingEvent() ?? noEvent));
      },
    });
  }

  #callBack(task: Task, callback: CoreFunction, { code, index, payload }: WaitEvent): void {
    this.#instance.exclusive = task.thread;
    this.#call(task, callback, [code, index, payload], (packed) =>
      this.#answered(task, callback, Number(packed) >>> 0),
    );
  }

  #exit(task: Task): void {
    if (task.needsExclusive) this.#instance.exclusive = undefined;
    task.end();
  }
}
