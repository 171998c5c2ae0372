import { planFunction } from "../abi/function-plan.ts";
import type { AbiPlanner } from "../abi/planner.ts";
import { invalidComponent } from "../parser/component-reader.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { BuiltinSource, BuiltinStep } from "../plan/steps.ts";
import { factsOf } from "../types/make-type.ts";
import type { ChannelType, FunctionType } from "../types/types.ts";
import { checkOptions, hasPointer, requireOptions } from "./canon-options.ts";
import { resolveValue } from "./define-values.ts";
import { at, type Scope } from "./scope.ts";

/** Values that a task can keep for itself. */
const contextSlots = 2;

/** Checks a built-in function and adds its core type to the index space. */
export function validateBuiltin(canon: BuiltinSource, scope: Scope, planner: AbiPlanner, offset: number): BuiltinStep {
  function made(parameters: readonly string[], results: readonly string[], channel?: ChannelType): BuiltinStep {
    scope.coreFunctions.push({ kind: "func", parameters, results });
    const elements = channel?.element === undefined ? undefined : planner.elements(channel.element);
    return { kind: "built-in", canon, channel, elements, returned: undefined };
  }
  switch (canon.kind) {
    case "backpressure.inc":
    case "backpressure.dec":
    case "task.cancel":
      return made([], []);
    case "subtask.drop":
    case "waitable-set.drop":
    case "error-context.drop":
      return made(["i32"], []);
    case "waitable.join":
      return made(["i32", "i32"], []);
    case "waitable-set.new":
    case "thread.yield":
      return made([], ["i32"]);
    case "subtask.cancel":
      return made(["i32"], ["i32"]);
    case "context.get":
    case "context.set":
      if (canon.index >= contextSlots) {
        throw invalidComponent(offset, `context index "${canon.index}" is out of bounds`);
      }
      return canon.kind === "context.get" ? made([], ["i32"]) : made(["i32"], []);
    case "waitable-set.wait":
    case "waitable-set.poll":
      at(scope.coreMemories, canon.memory, "core memory", offset);
      return made(["i32", "i32"], ["i32"]);
    case "error-context.new":
    case "error-context.debug-message":
      checkOptions(canon.options, scope, offset);
      requireOptions(canon.options, { memory: true, realloc: canon.kind !== "error-context.new" }, offset);
      return made(["i32", "i32"], canon.kind === "error-context.new" ? ["i32"] : []);
    case "task.return":
      return validateTaskReturn(canon, scope, planner, offset);
    case "copy":
      return made(
        canon.name === "new" ? [] : ["i32"],
        canon.name === "new" ? ["i64"] : [],
        channelOf(canon, scope, offset),
      );
    case "cancel":
      return made(["i32"], ["i32"], channelOf(canon, scope, offset));
    case "transfer": {
      const type = channelOf(canon, scope, offset);
      checkTransfer(canon.name, type, canon.options, { scope, offset });
      return made(canon.of === "stream" ? ["i32", "i32", "i32"] : ["i32", "i32"], ["i32"], type);
    }
  }
}

function channelOf(
  { of, type: index }: { of: "stream" | "future"; type: number },
  scope: Scope,
  offset: number,
): ChannelType {
  const type = at(scope.types, index, "type", offset);
  if (type.kind !== of || (type.kind !== "stream" && type.kind !== "future")) {
    throw invalidComponent(offset, `type "${index}" is not a ${of}`);
  }
  return type;
}

function checkTransfer(
  name: "read" | "write",
  { element }: ChannelType,
  options: CanonOptions,
  { scope, offset }: { scope: Scope; offset: number },
): void {
  checkOptions(options, scope, offset);
  if (options.postReturn !== undefined || options.callback !== undefined) {
    throw invalidComponent(offset, "a transfer has neither `post-return` nor `callback`");
  }
  const needs = {
    memory: element !== undefined,
    realloc: name === "read" && element !== undefined && hasPointer(element),
  };
  requireOptions(options, needs, offset);
}

/** What a task returns is passed as a function's parameter would be. */
function validateTaskReturn(
  canon: Extract<BuiltinSource, { kind: "task.return" }>,
  scope: Scope,
  planner: AbiPlanner,
  offset: number,
): BuiltinStep {
  const type = canon.result === undefined ? undefined : resolveValue(canon.result, scope, offset);
  if (type?.hasBorrow) throw invalidComponent(offset, "function result cannot contain a `borrow` type");
  const { options } = canon;
  checkOptions(options, scope, offset);
  if (
    options.async ||
    options.realloc !== undefined ||
    options.postReturn !== undefined ||
    options.callback !== undefined
  ) {
    throw invalidComponent(offset, "task.return has options of memory and encoding only");
  }
  const step = { kind: "built-in", canon, channel: undefined, elements: undefined } as const;
  if (type === undefined) {
    scope.coreFunctions.push({ kind: "func", parameters: [], results: [] });
    return { ...step, returned: undefined };
  }
  const passed: FunctionType = {
    kind: "function",
    async: false,
    parameters: [{ name: "result", type }],
    result: undefined,
    ...factsOf([type]),
  };
  const plan = planFunction(passed, (of) => planner.value(of));
  requireOptions(options, { memory: plan.parametersSpill || hasPointer(type), realloc: false }, offset);
  const parameters = plan.parametersSpill ? ["i32"] : plan.flatParameters;
  scope.coreFunctions.push({ kind: "func", parameters, results: [] });
  return { ...step, returned: plan };
}
