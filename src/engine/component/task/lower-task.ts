import type { AbiContext, CoreFunction, FlatValue } from "../abi/context.ts";
import { type FunctionPlan, liftParameters, lowerResult } from "../abi/function-plan.ts";
import { trap, trapOf } from "../abi/trap.ts";
import type { FunctionItem } from "../instance/items.ts";
import { Lenders } from "../instance/resource.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { ComponentValue } from "../values.ts";
import { linkedFunction } from "./linked-function.ts";
import { suspendingFunction } from "./suspending-function.ts";
import { Subtask, subtaskStates } from "./waitable.ts";

/** A component function of async type as a core function: one that waits, or one that answers with a subtask. */
export function lowerTask(
  callee: FunctionItem,
  plan: FunctionPlan,
  context: AbiContext,
  options: CanonOptions,
): CoreFunction {
  const call = new TaskCall(callee, plan, context);
  const { instance } = context;
  if (options.async && !(callee.instance?.maySuspend ?? false)) {
    return linkedFunction(instance.store, (flat) => call.withoutWaiting(flat));
  }
  return suspendingFunction(instance, (flat) => (options.async ? call.withoutWaiting(flat) : call.waiting(flat)));
}

class TaskCall {
  readonly #callee: FunctionItem;
  readonly #plan: FunctionPlan;
  readonly #context: AbiContext;

  constructor(callee: FunctionItem, plan: FunctionPlan, context: AbiContext) {
    this.#callee = callee;
    this.#plan = plan;
    this.#context = context;
  }

  /** Calls, and suspends the guest until there is a result. */
  waiting(flat: readonly FlatValue[]): unknown {
    try {
      const { store } = this.#context.instance;
      const plan = this.#plan;
      const resultAt = plan.parametersSpill ? 1 : plan.flatParameters.length;
      let returned: FlatValue | undefined;
      const subtask = this.#start(flat, plan.parametersSpill, (result) => {
        const pointer = plan.resultSpills ? Number(flat[resultAt]) >>> 0 : undefined;
        returned = lowerResult(plan, this.#context, result, pointer);
      });
      const finish = (): FlatValue | undefined => {
        subtask.deliverResolve();
        return returned;
      };
      const waited = store.thread.block(() => subtask.isResolved, false);
      return waited instanceof Promise ? waited.then(finish) : finish();
    } catch (error) {
      throw trapOf(error);
    }
  }

  /** Calls, and answers with what became of it so far: its state, and the handle of the subtask where it goes on. */
  withoutWaiting(flat: readonly FlatValue[]): number | Promise<number> {
    try {
      const plan = this.#plan;
      const resultAt = plan.asyncParametersSpill ? 1 : plan.flatParameters.length;
      const subtask = this.#start(flat, plan.asyncParametersSpill, (result) => {
        lowerResult(plan, this.#context, result, Number(flat[resultAt]) >>> 0);
      });
      const { settling } = subtask;
      if (subtask.isResolved || settling === undefined) return this.#answer(subtask);
      return this.#context.instance.store.thread.settled(settling).then(() => this.#answer(subtask));
    } catch (error) {
      throw trapOf(error);
    }
  }

  #answer(subtask: Subtask): number {
    if (subtask.isResolved) {
      subtask.deliverResolve();
      return subtaskStates.returned;
    }
    const index = this.#context.instance.handles.add(subtask);
    subtask.index = index;
    return subtask.state | (index << 4);
  }

  #start(flat: readonly FlatValue[], spills: boolean, write: (result: ComponentValue) => void): Subtask {
    const context = this.#context;
    const { instance } = context;
    if (!instance.mayLeave) throw trap("cannot leave component instance");
    if (this.#callee.start === undefined) throw trap("the function that is called has no task");
    const subtask = new Subtask(instance.store);
    subtask.lenders = this.#plan.borrows ? new Lenders() : undefined;
    const thread = instance.store.current;
    const started = this.#callee.start(
      {
        instance,
        start: () => {
          subtask.advance(subtaskStates.started);
          context.begin();
          context.lenders = subtask.lenders;
          const values = liftParameters(this.#plan, context, flat, spills);
          context.lenders = undefined;
          return values;
        },
        resolve: (result, outcome) => {
          if (outcome === "returned" && this.#plan.result !== undefined) {
            context.begin();
            context.source = this.#callee.encoding;
            if (thread === undefined) write(result);
            else instance.store.run(thread, () => write(result));
          }
          subtask.advance(outcome === "returned" ? subtaskStates.returned : cancelledState(subtask));
        },
      },
      context.encoding,
    );
    subtask.requestCancellation = () => started.requestCancellation();
    subtask.settling = started.settling;
    return subtask;
  }
}

function cancelledState(subtask: Subtask): number {
  return subtask.state === subtaskStates.starting
    ? subtaskStates.cancelledBeforeStarted
    : subtaskStates.cancelledBeforeReturned;
}
