import type { AbiContext, CoreFunction, FlatValue } from "../abi/context.ts";
import { type FunctionPlan, liftParameters, lowerResult } from "../abi/function-plan.ts";
import { trap, trapOf } from "../abi/trap.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import { lowerTask } from "../task/lower-task.ts";
import { linkedFunction } from "../task/linked-function.ts";
import { suspendingFunction } from "../task/suspending-function.ts";
import type { ComponentValue } from "../values.ts";
import type { FunctionItem } from "./items.ts";
import { Lenders } from "./resource.ts";

/** A component function as a core function that the instance of `context` calls. */
export function lower(
  callee: FunctionItem,
  plan: FunctionPlan,
  context: AbiContext,
  options: CanonOptions,
): CoreFunction {
  if (!plan.type.async) return lowerFunction(callee, plan, context);
  context.instance.usesTasks = true;
  return lowerTask(callee, plan, context, options);
}

/** One that returns once, with the result. */
function lowerFunction(callee: FunctionItem, plan: FunctionPlan, context: AbiContext): CoreFunction {
  const call = new LoweredCall(callee, plan, context);
  const { instance } = context;
  if (!callee.maySuspend()) return linkedFunction(instance.store, (flat) => call.now(flat));
  return suspendingFunction(instance, (flat) => call.later(flat));
}

class LoweredCall {
  readonly #callee: FunctionItem;
  readonly #plan: FunctionPlan;
  readonly #context: AbiContext;
  /** Place of the parameter that says where a result is to be written. */
  readonly #resultAt: number;

  constructor(callee: FunctionItem, plan: FunctionPlan, context: AbiContext) {
    this.#callee = callee;
    this.#plan = plan;
    this.#context = context;
    this.#resultAt = plan.parametersSpill ? 1 : plan.flatParameters.length;
  }

  now(flat: readonly FlatValue[]): unknown {
    try {
      const lenders = this.#plan.borrows ? new Lenders() : undefined;
      const values = this.#read(flat, lenders);
      return this.#write(this.#callee.invoke(values, this.#options(false)), flat, lenders);
    } catch (error) {
      throw trapOf(error);
    }
  }

  later(flat: readonly FlatValue[]): unknown {
    try {
      const lenders = this.#plan.borrows ? new Lenders() : undefined;
      const values = this.#read(flat, lenders);
      const result = this.#callee.invoke(values, this.#options(true));
      if (!(result instanceof Promise)) return this.#write(result, flat, lenders);
      const thread = this.#context.instance.store.current;
      // Functions answer with values of the component model, or with promises of such.
      const answer = result as Promise<ComponentValue>;
      return this.#writeLater(thread === undefined ? answer : thread.waitFor(answer), flat, lenders);
    } catch (error) {
      throw trapOf(error);
    }
  }

  async #writeLater(
    result: Promise<ComponentValue>,
    flat: readonly FlatValue[],
    lenders: Lenders | undefined,
  ): Promise<unknown> {
    try {
      return this.#write(await result, flat, lenders);
    } catch (error) {
      throw trapOf(error);
    }
  }

  #options(suspends: boolean) {
    return { caller: this.#context.instance, encoding: this.#context.encoding, suspends };
  }

  #read(flat: readonly FlatValue[], lenders: Lenders | undefined): ComponentValue[] {
    const context = this.#context;
    if (!context.instance.mayLeave) throw trap("cannot leave component instance");
    context.begin();
    context.lenders = lenders;
    const values = liftParameters(this.#plan, context, flat, this.#plan.parametersSpill);
    context.lenders = undefined;
    return values;
  }

  #write(result: ComponentValue, flat: readonly FlatValue[], lenders: Lenders | undefined): unknown {
    lenders?.release();
    const plan = this.#plan;
    if (plan.result === undefined) return undefined;
    this.#context.begin();
    this.#context.source = this.#callee.encoding;
    const pointer = plan.resultSpills ? Number(flat[this.#resultAt]) >>> 0 : undefined;
    return lowerResult(plan, this.#context, result, pointer);
  }
}
