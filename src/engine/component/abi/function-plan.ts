import { flatParametersMax, type FlatType } from "../types/layout.ts";
import type { CoreFunctionType } from "../types/core-types.ts";
import type { FunctionType, ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext, FlatValue } from "./context.ts";
import { planTuple } from "./plan-compound.ts";
import type { FlatReader, ValuePlan } from "./value-plan.ts";

/** Results that a function may return as single values. */
const flatResultsMax = 1;

/** Parameters that a call which does not wait may take as single values. */
const flatAsyncParametersMax = 4;

/** How the parameters and the result of one function travel. */
export interface FunctionPlan {
  readonly type: FunctionType;
  readonly parameterCount: number;
  /** All parameters as one tuple, for where they go through memory. */
  readonly parameters: ValuePlan;
  readonly parameterPlans: readonly ValuePlan[];
  readonly result: ValuePlan | undefined;
  readonly flatParameters: readonly FlatType[];
  /** Whether parameters go through memory in a call that waits, and in one that does not. */
  readonly parametersSpill: boolean;
  readonly asyncParametersSpill: boolean;
  readonly resultSpills: boolean;
  readonly borrows: boolean;
}

export function planFunction(type: FunctionType, planOf: (type: ValueType) => ValuePlan): FunctionPlan {
  const parameterPlans = type.parameters.map((parameter) => planOf(parameter.type));
  const parameters = planTuple(parameterPlans);
  const result = type.result === undefined ? undefined : planOf(type.result);
  const flatCount = parameters.flat.length;
  return {
    type,
    parameterCount: parameterPlans.length,
    parameters,
    parameterPlans,
    result,
    flatParameters: parameters.flat,
    parametersSpill: flatCount > flatParametersMax,
    asyncParametersSpill: flatCount > flatAsyncParametersMax,
    resultSpills: (result?.flat.length ?? 0) > flatResultsMax,
    borrows: type.hasBorrow,
  };
}

/** The core function that a canonical definition takes, or makes, of such a component function. */
export function coreTypeOf(
  plan: FunctionPlan,
  direction: "lift" | "lower",
  { async, callback }: { async: boolean; callback: number | undefined },
): CoreFunctionType {
  const spills = async && direction === "lower" ? plan.asyncParametersSpill : plan.parametersSpill;
  const parameters: string[] = spills ? ["i32"] : [...plan.flatParameters];
  const hasResult = plan.result !== undefined;
  if (direction === "lift") return { kind: "func", parameters, results: liftedResults(plan, async, callback) };
  if (async ? hasResult : plan.resultSpills) parameters.push("i32");
  if (async) return { kind: "func", parameters, results: ["i32"] };
  return { kind: "func", parameters, results: plan.resultSpills ? [] : [...(plan.result?.flat ?? [])] };
}

function liftedResults(plan: FunctionPlan, async: boolean, callback: number | undefined): readonly string[] {
  if (async) return callback === undefined ? [] : ["i32"];
  return plan.resultSpills ? ["i32"] : (plan.result?.flat ?? []);
}

/** One for all reads: reading values never calls a guest, so no two are ever under way. */
const sharedReader: FlatReader = { values: [], position: 0 };

/** Reads parameters that a guest passes, as single values or through memory. */
export function liftParameters(
  plan: FunctionPlan,
  context: AbiContext,
  flat: readonly FlatValue[],
  spills: boolean,
): ComponentValue[] {
  if (spills) {
    const pointer = Number(flat[0] ?? 0) >>> 0;
    context.checkRange(pointer, plan.parameters.size, plan.parameters.alignment, "parameter");
    // The plan of a tuple reads arrays.
    return plan.parameters.load(context, pointer) as ComponentValue[];
  }
  sharedReader.values = flat;
  sharedReader.position = 0;
  const values: ComponentValue[] = [];
  for (const parameter of plan.parameterPlans) values.push(parameter.lift(context, sharedReader));
  return values;
}

/** Writes parameters for a guest. */
export function lowerParameters(
  plan: FunctionPlan,
  context: AbiContext,
  values: readonly ComponentValue[],
): FlatValue[] {
  if (values.length !== plan.parameterCount) {
    throw new TypeError(`"${plan.parameterCount}" parameters were expected, found "${values.length}"`);
  }
  if (plan.parametersSpill) {
    const pointer = context.allocate(plan.parameters.alignment, plan.parameters.size);
    plan.parameters.store(context, pointer, values);
    return [pointer | 0];
  }
  const flat: FlatValue[] = [];
  for (let index = 0; index < values.length; index++) plan.parameterPlans[index]?.lower(context, values[index], flat);
  return flat;
}

/** Reads the result of a guest's function from what that returned. */
export function liftResult(plan: FunctionPlan, context: AbiContext, returned: unknown): ComponentValue {
  const { result } = plan;
  if (result === undefined) return undefined;
  if (plan.resultSpills) {
    const pointer = Number(returned) >>> 0;
    context.checkRange(pointer, result.size, result.alignment, "result");
    return result.load(context, pointer);
  }
  // Validation has seen to it that the function returns one number.
  sharedReader.values = [returned as FlatValue];
  sharedReader.position = 0;
  return result.lift(context, sharedReader);
}

/** Writes a result for a guest: returns it, or writes it to where the guest's last parameter says. */
export function lowerResult(
  plan: FunctionPlan,
  context: AbiContext,
  value: ComponentValue,
  pointer: number | undefined,
): FlatValue | undefined {
  const { result } = plan;
  if (result === undefined) return undefined;
  if (pointer !== undefined) {
    context.checkRange(pointer, result.size, result.alignment, "result");
    result.store(context, pointer, value);
    return undefined;
  }
  const flat: FlatValue[] = [];
  result.lower(context, value, flat);
  return flat[0];
}
