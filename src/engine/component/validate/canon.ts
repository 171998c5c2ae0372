import { coreTypeOf, type FunctionPlan } from "../abi/function-plan.ts";
import type { AbiPlanner } from "../abi/planner.ts";
import { invalidComponent } from "../parser/component-reader.ts";
import type { CanonOptions, CanonSource } from "../parser/definitions.ts";
import type { Step } from "../plan/steps.ts";
import { type CoreFunctionType, sameCoreFunction } from "../types/core-types.ts";
import { validateBuiltin } from "./builtins.ts";
import { checkOptions, hasPointer, type Needs, requireOptions } from "./canon-options.ts";
import { at, type Scope } from "./scope.ts";

/** Checks a canonical definition, adds what it makes to its index space, and says what is to be done for it. */
export function validateCanon(canon: CanonSource, scope: Scope, planner: AbiPlanner, offset: number): Step {
  switch (canon.kind) {
    case "lift":
      return validateLift(canon, scope, planner, offset);
    case "lower":
      return validateLower(canon, scope, planner, offset);
    case "resource.new":
    case "resource.rep":
    case "resource.drop": {
      const { identity } = scope.resource(canon.resource, offset);
      if (canon.kind !== "resource.drop" && !scope.defined.has(identity)) {
        throw invalidComponent(offset, `type "${canon.resource}" is not a local resource`);
      }
      const results = canon.kind === "resource.drop" ? [] : ["i32"];
      scope.coreFunctions.push({ kind: "func", parameters: ["i32"], results });
      return { kind: canon.kind, slot: scope.slotOf(identity) };
    }
    default:
      return validateBuiltin(canon, scope, planner, offset);
  }
}

function validateLift(
  { function: index, options, type: typeIndex }: Extract<CanonSource, { kind: "lift" }>,
  scope: Scope,
  planner: AbiPlanner,
  offset: number,
): Step {
  const type = scope.functionType(typeIndex, offset);
  const callee = at(scope.coreFunctions, index, "core function", offset);
  const plan = planner.function(type);
  checkOptions(options, scope, offset);
  if (options.async && !type.async) {
    throw invalidComponent(offset, "the `async` option requires an async function type");
  }
  if (options.callback !== undefined && !options.async) {
    throw invalidComponent(offset, "cannot specify callback without async");
  }
  if (options.async && options.postReturn !== undefined) {
    throw invalidComponent(offset, "cannot specify post-return with async");
  }
  const expected = coreTypeOf(plan, "lift", options);
  if (!sameCoreFunction(callee, expected)) {
    throw invalidComponent(
      offset,
      `lowered types ${wordsOf(expected)} do not match those of the core function ${wordsOf(callee)}`,
    );
  }
  checkPostReturn(options, callee, scope, offset);
  requireOptions(options, liftNeeds(plan, options), offset);
  scope.functions.push(type);
  return { kind: "lift", function: index, plan, options };
}

function wordsOf({ parameters, results }: CoreFunctionType): string {
  return `"[${parameters.join(" ")}] -> [${results.join(" ")}]"`;
}

function validateLower(
  { function: index, options }: Extract<CanonSource, { kind: "lower" }>,
  scope: Scope,
  planner: AbiPlanner,
  offset: number,
): Step {
  const type = at(scope.functions, index, "function", offset);
  checkOptions(options, scope, offset);
  if (options.postReturn !== undefined) {
    throw invalidComponent(offset, "canonical option `post-return` cannot be specified for lowerings");
  }
  if (options.callback !== undefined) {
    throw invalidComponent(offset, "canonical option `callback` cannot be specified for lowerings");
  }
  if (options.async && !type.async) {
    throw invalidComponent(offset, "the `async` option requires an async function type");
  }
  const plan = planner.function(type);
  requireOptions(options, lowerNeeds(plan, options), offset);
  scope.coreFunctions.push(coreTypeOf(plan, "lower", options));
  return { kind: "lower", function: index, plan, options };
}

function checkPostReturn(options: CanonOptions, callee: CoreFunctionType, scope: Scope, offset: number): void {
  if (options.postReturn === undefined) return;
  const type = at(scope.coreFunctions, options.postReturn, "core function", offset);
  const expected: CoreFunctionType = { kind: "func", parameters: callee.results, results: [] };
  if (sameCoreFunction(type, expected)) return;
  throw invalidComponent(offset, "canonical option `post-return` uses a core function with an incorrect signature");
}

function liftNeeds(plan: FunctionPlan, { async }: CanonOptions): Needs {
  const written = plan.type.parameters.map((parameter) => parameter.type);
  const read = async ? false : plan.resultSpills || (plan.type.result !== undefined && hasPointer(plan.type.result));
  return { memory: read, realloc: plan.parametersSpill || written.some(hasPointer) };
}

function lowerNeeds(plan: FunctionPlan, { async }: CanonOptions): Needs {
  const read = plan.type.parameters.map((parameter) => parameter.type);
  const spills = async
    ? plan.asyncParametersSpill || plan.result !== undefined
    : plan.parametersSpill || plan.resultSpills;
  return {
    memory: spills || read.some(hasPointer),
    realloc: plan.type.result !== undefined && hasPointer(plan.type.result),
  };
}
