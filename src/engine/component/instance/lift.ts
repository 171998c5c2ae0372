import { AbiContext, type CoreFunction, type FlatValue } from "../abi/context.ts";
import { type FunctionPlan, liftResult, lowerParameters } from "../abi/function-plan.ts";
import { trap, trapOf } from "../abi/trap.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import { stackedForm, TaskStarter } from "../task/lift-task.ts";
import { type Caller, Task } from "../task/task.ts";
import type { Thread } from "../task/thread.ts";
import type { ComponentValue } from "../values.ts";
import type { Frame } from "./frame.ts";
import { enter, type InstanceState, leave } from "./instance-state.ts";
import { type CallOptions, entryOf, type FunctionItem, type StringSource } from "./items.ts";
import type { BorrowScope } from "./resource.ts";

/** A call that returns once tells its caller by returning. */
const noCaller: Caller = { instance: undefined, start: () => [], resolve: () => undefined };

/** Where the values of a canonical function are, in the instance that is being made. */
export function contextOf(
  frame: Frame,
  { encoding, memory, realloc }: Pick<CanonOptions, "encoding" | "memory" | "realloc">,
): AbiContext {
  return new AbiContext(frame.state, {
    encoding,
    memory: memory === undefined ? undefined : entryOf(frame.coreMemories, memory),
    realloc: realloc === undefined ? undefined : entryOf(frame.coreFunctions, realloc),
  });
}

/**
 * As contextOf, one for all functions of the frame that name the same memory and allocator. Only for functions that
 * return once: what a context holds of a call is set and used without the guest's calling out in between.
 */
export function sharedContextOf(frame: Frame, options: CanonOptions): AbiContext {
  const { encoding, memory, realloc } = options;
  const known = frame.contexts.find(
    (shared) => shared.memory === memory && shared.realloc === realloc && shared.encoding === encoding,
  );
  if (known !== undefined) return known.context;
  const context = contextOf(frame, options);
  frame.contexts.push({ encoding, memory, realloc, context });
  return context;
}

/** A core function as a component function that returns once, with its result. */
export function liftFunction(
  frame: Frame,
  plan: FunctionPlan,
  callee: CoreFunction,
  options: CanonOptions,
): FunctionItem {
  return new LiftedFunction(frame, plan, callee, options);
}

/** Core functions as a component function of async type, whose tasks may wait and may go on after they returned. */
export function liftTask(frame: Frame, plan: FunctionPlan, callee: CoreFunction, options: CanonOptions): FunctionItem {
  const { callback, postReturn } = options;
  frame.state.usesTasks = true;
  const starter = new TaskStarter(contextOf(frame, options), plan, options, {
    callee,
    callback: callback === undefined ? undefined : entryOf(frame.coreFunctions, callback),
    postReturn: postReturn === undefined ? undefined : entryOf(frame.coreFunctions, postReturn),
  });
  return {
    instance: frame.state,
    encoding: options.encoding,
    maySuspend: () => true,
    start: (caller, encoding) => starter.start(caller, encoding),
    invoke() {
      throw trap("a function of async type is called as one that returns at once");
    },
  };
}

/** What one call has for itself. */
interface RunningCall {
  readonly scope: BorrowScope;
  readonly entered: readonly InstanceState[];
  /** Its thread, where the instance uses functions that belong to a task. */
  readonly thread: Thread | undefined;
}

class LiftedFunction implements FunctionItem {
  readonly instance: InstanceState;
  readonly encoding: StringSource;
  readonly #plan: FunctionPlan;
  readonly #context: AbiContext;
  readonly #options: CanonOptions;
  readonly #callee: CoreFunction;
  readonly #postReturn: CoreFunction | undefined;
  #promising: ((...flat: FlatValue[]) => Promise<unknown>) | undefined;
  readonly #entered = new Map<InstanceState | undefined, readonly InstanceState[]>();

  constructor(frame: Frame, plan: FunctionPlan, callee: CoreFunction, options: CanonOptions) {
    this.instance = frame.state;
    this.encoding = options.encoding;
    this.#plan = plan;
    this.#options = options;
    this.#callee = callee;
    this.#context = sharedContextOf(frame, options);
    this.#postReturn = options.postReturn === undefined ? undefined : entryOf(frame.coreFunctions, options.postReturn);
  }

  maySuspend(): boolean {
    return this.instance.maySuspend;
  }

  invoke(parameters: readonly ComponentValue[], { caller, encoding, suspends }: CallOptions): ComponentValue {
    const { store, usesTasks } = this.instance;
    store.requireAlive();
    const entered = this.#enteredFrom(caller);
    enter(entered);
    const call: RunningCall = { scope: { borrows: 0 }, entered, thread: usesTasks ? this.#newThread() : undefined };
    const options = { encoding, suspends };
    if (call.thread === undefined) return this.#call(parameters, options, call);
    return store.run(call.thread, () => this.#call(parameters, options, call));
  }

  #newThread(): Thread {
    return new Task(this.#context, this.#plan, this.#options, noCaller).thread;
  }

  #call(
    parameters: readonly ComponentValue[],
    { encoding, suspends }: Pick<CallOptions, "encoding" | "suspends">,
    call: RunningCall,
  ): ComponentValue {
    const flat = this.#lower(parameters, encoding, call.scope);
    return suspends ? this.#waitFor(flat, call) : this.#finish(this.#callee(...flat), call);
  }

  /** On a stack of its own. */
  async #waitFor(flat: readonly FlatValue[], call: RunningCall): Promise<ComponentValue> {
    this.#promising ??= stackedForm(this.#callee);
    try {
      const returned = await this.#promising(...flat);
      return call.thread === undefined ? this.#finish(returned, call) : this.#finishAs(call.thread, returned, call);
    } catch (error) {
      // Whoever waits for the thread is told that it will not go on.
      if (call.thread !== undefined) this.instance.store.fail(trapOf(error));
      throw error;
    }
  }

  #finishAs(thread: Thread, returned: unknown, call: RunningCall): ComponentValue {
    let result: ComponentValue;
    thread.returned(() => {
      result = this.#finish(returned, call);
    });
    thread.end();
    return result;
  }

  #lower(parameters: readonly ComponentValue[], encoding: CallOptions["encoding"], scope: BorrowScope) {
    const context = this.#context;
    context.begin();
    context.source = encoding;
    context.scope = scope;
    const flat = lowerParameters(this.#plan, context, parameters);
    context.scope = undefined;
    return flat;
  }

  #finish(returned: unknown, { scope, entered }: RunningCall): ComponentValue {
    this.#context.begin();
    const result = liftResult(this.#plan, this.#context, returned);
    if (scope.borrows > 0) throw trap("borrow handles still remain at the end of the call");
    if (this.#postReturn !== undefined) this.#afterwards(this.#postReturn, returned);
    leave(entered);
    return result;
  }

  #afterwards(postReturn: CoreFunction, returned: unknown): void {
    this.instance.mayLeave = false;
    // What the core function returned is what it takes; nothing where it returned nothing.
    if (returned === undefined) postReturn();
    else postReturn(returned as number);
    this.instance.mayLeave = true;
  }

  #enteredFrom(caller: InstanceState | undefined): readonly InstanceState[] {
    const known = this.#entered.get(caller);
    if (known !== undefined) return known;
    const made = this.instance.enteredFrom(caller);
    this.#entered.set(caller, made);
    return made;
  }
}
