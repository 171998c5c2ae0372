import type { AbiContext, CoreFunction, FlatValue } from "../abi/context.ts";
import { type FunctionPlan, liftParameters } from "../abi/function-plan.ts";
import { loadString } from "../abi/load-string.ts";
import { storeString } from "../abi/store-string.ts";
import { trap, trapOf } from "../abi/trap.ts";
import type { Frame } from "../instance/frame.ts";
import type { InstanceState } from "../instance/instance-state.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import type { BuiltinStep } from "../plan/steps.ts";
import { isSameType } from "../types/same-type.ts";
import type { Task } from "./task.ts";
import { cancelCopy, dropEnd, newChannel, payloadOf, transfer } from "./channel-functions.ts";
import { type FlatCall, linkedFunction } from "./linked-function.ts";
import { suspendingFunction } from "./suspending-function.ts";
import {
  BLOCKED,
  cancelledEvent,
  ErrorContext,
  noEvent,
  Subtask,
  Waitable,
  WaitableSet,
  type WaitEvent,
} from "./waitable.ts";

/** How often an instance may ask for no more calls, as the specification says. */
const backpressureMax = 2 ** 16 - 1;

/** Makes a built-in function for an instance. One that may have to wait suspends the guest. */
export function builtinFunction(step: BuiltinStep, frame: Frame, contextOf: ContextOf): CoreFunction {
  frame.state.usesTasks = true;
  const call = trapping(makeBuiltin(step, frame, contextOf));
  return mayWait(step) ? suspendingFunction(frame.state, call) : linkedFunction(frame.state.store, call);
}

/** Where the values of a canonical function are. */
export type ContextOf = (frame: Frame, options: Pick<CanonOptions, "encoding" | "memory" | "realloc">) => AbiContext;

function trapping(call: CoreFunction): FlatCall {
  return (flat) => {
    try {
      return call(...flat);
    } catch (error) {
      throw trapOf(error);
    }
  };
}

function mayWait({ canon }: BuiltinStep): boolean {
  switch (canon.kind) {
    case "waitable-set.wait":
    case "thread.yield":
      return true;
    case "subtask.cancel":
      return true;
    case "cancel":
      return !canon.async;
    case "transfer":
      return !canon.options.async;
    default:
      return false;
  }
}

function makeBuiltin(step: BuiltinStep, frame: Frame, contextOf: ContextOf): CoreFunction {
  const { canon } = step;
  const instance = frame.state;
  const checked = (call: CoreFunction): CoreFunction => {
    return (...flat) => {
      if (!instance.mayLeave) throw trap("cannot leave component instance");
      return call(...flat);
    };
  };
  switch (canon.kind) {
    case "backpressure.inc":
      return () => changeBackpressure(instance, 1);
    case "backpressure.dec":
      return () => changeBackpressure(instance, -1);
    case "context.get":
      return () => instance.store.thread.storage[canon.index];
    case "context.set":
      return (value) => void (instance.store.thread.storage[canon.index] = Number(value) | 0);
    case "task.cancel":
      return checked(() => cancelTask(instance));
    case "task.return":
      return checked(returnTask(contextOf(frame, canon.options), step.returned));
    case "subtask.cancel":
      return checked((index) => cancelSubtask(instance, Number(index) >>> 0, canon.async));
    case "subtask.drop":
      return checked((index) => dropSubtask(instance, Number(index) >>> 0));
    case "waitable-set.new":
      return checked(() => instance.handles.add(new WaitableSet()));
    case "waitable-set.wait":
    case "waitable-set.poll": {
      const memory = contextOf(frame, { encoding: "utf8", memory: canon.memory, realloc: undefined });
      const ask = canon.kind === "waitable-set.wait" ? waitForSet : pollSet;
      return checked((set, pointer) => {
        const event = ask(instance, setOf(instance, Number(set) >>> 0), canon.cancellable);
        const at = Number(pointer) >>> 0;
        return event instanceof Promise ? event.then((told) => tell(memory, told, at)) : tell(memory, event, at);
      });
    }
    case "waitable-set.drop":
      return checked((index) => dropSet(instance, Number(index) >>> 0));
    case "waitable.join":
      return checked((waitable, set) => join(instance, Number(waitable) >>> 0, Number(set) >>> 0));
    case "thread.yield":
      return checked(() => {
        const cancelled = instance.store.thread.yield(canon.cancellable);
        return cancelled instanceof Promise ? cancelled.then(Number) : Number(cancelled);
      });
    case "error-context.new": {
      const context = contextOf(frame, canon.options);
      return checked((pointer, units) => {
        context.begin();
        const message = loadString(context, Number(pointer) >>> 0, Number(units) >>> 0);
        return instance.handles.add(new ErrorContext(message));
      });
    }
    case "error-context.debug-message":
      return checked(debugMessage(contextOf(frame, canon.options)));
    case "error-context.drop":
      return checked((index) => {
        errorContextOf(instance, Number(index) >>> 0);
        instance.handles.remove(Number(index) >>> 0);
        return undefined;
      });
    default:
      return channelFunction(step, frame, contextOf);
  }
}

function channelFunction({ canon, channel, elements }: BuiltinStep, frame: Frame, contextOf: ContextOf): CoreFunction {
  if (channel === undefined) throw trap("a function of streams or futures names no type");
  switch (canon.kind) {
    case "copy":
      if (canon.name === "new") return newChannel(frame.state, channel);
      return dropEnd(frame.state, channel, canon.name === "drop-readable" ? "read" : "write");
    case "transfer": {
      const context = contextOf(frame, canon.options);
      return transfer({ type: channel, side: canon.name, context, elements, isAsync: canon.options.async });
    }
    case "cancel":
      return cancelCopy(frame.state, channel, canon.name, canon.async);
    default:
      throw trap(`there is no function "${canon.kind}"`);
  }
}

function changeBackpressure(instance: InstanceState, by: number): undefined {
  const value = instance.backpressure + by;
  if (value < 0 || value > backpressureMax) throw trap("backpressure counter overflow");
  instance.backpressure = value;
  instance.store.wake();
}

function cancelTask(instance: InstanceState): undefined {
  const { task } = instance.store.thread;
  if (!task.options.async) throw trap("`task.cancel` called by a task that is not async");
  task.cancel();
}

/** Whether what is returned is what the task is to return, from the memory and in the encoding that it named. */
function returnsRight(context: AbiContext, plan: FunctionPlan | undefined, task: Task): boolean {
  const { result } = task.plan.type;
  const returned = plan?.type.parameters[0]?.type;
  const isSame = returned === undefined || result === undefined ? returned === result : isSameType(returned, result);
  const isThere = context.memory === undefined || context.memory === task.context.memory;
  return isSame && isThere && context.encoding === task.context.encoding;
}

function returnTask(context: AbiContext, plan: FunctionPlan | undefined): CoreFunction {
  return (...flat: FlatValue[]) => {
    const { task } = context.instance.store.thread;
    if (!task.options.async) throw trap("invalid `task.return` signature and/or options for current task");
    if (!returnsRight(context, plan, task)) {
      throw trap("invalid `task.return` signature and/or options for current task");
    }
    if (plan === undefined) {
      task.return(undefined);
      return undefined;
    }
    context.begin();
    task.return(liftParameters(plan, context, flat, plan.parametersSpill)[0]);
    return undefined;
  };
}

function subtaskOf(instance: InstanceState, index: number): Subtask {
  const entry = instance.handles.get(index);
  if (entry instanceof Subtask) return entry;
  throw trap("a handle is not a subtask");
}

function cancelSubtask(instance: InstanceState, index: number, isAsync: boolean): number | Promise<number> {
  const subtask = subtaskOf(instance, index);
  if (subtask.isResolveDelivered) throw trap("`subtask.cancel` called after terminal status delivered");
  if (subtask.isCancellationRequested) throw trap("`subtask.cancel` called more than once");
  if (subtask.set !== undefined && !isAsync) throw trap("waitable in a set is used synchronously");
  if (!subtask.isResolved) {
    subtask.isCancellationRequested = true;
    const answered = subtask.requestCancellation();
    if (answered !== undefined) {
      return instance.store.thread.settled(answered).then(() => cancelledState(subtask, isAsync));
    }
  }
  return cancelledState(subtask, isAsync);
}

/** What became of a subtask that was asked to end. */
function cancelledState(subtask: Subtask, isAsync: boolean): number | Promise<number> {
  if (!subtask.isResolved) return isAsync ? BLOCKED : payloadOf(subtask.waitForEvent());
  return subtask.takePendingEvent().payload;
}

function dropSubtask(instance: InstanceState, index: number): undefined {
  const subtask = subtaskOf(instance, index);
  if (!subtask.isResolveDelivered) throw trap("cannot drop a subtask which has not yet resolved");
  instance.handles.remove(index);
  subtask.join(undefined);
}

function setOf(instance: InstanceState, index: number): WaitableSet {
  const entry = instance.handles.get(index);
  if (entry instanceof WaitableSet) return entry;
  throw trap("a handle is not a waitable set");
}

function waitForSet(instance: InstanceState, set: WaitableSet, isCancellable: boolean): WaitEvent | Promise<WaitEvent> {
  const waited = instance.store.thread.block(() => set.hasPendingEvent, isCancellable);
  if (!(waited instanceof Promise)) return waited ? cancelledEvent : set.takePendingEvent();
  set.waiting += 1;
  return waited.then((cancelled) => {
    set.waiting -= 1;
    return cancelled ? cancelledEvent : set.takePendingEvent();
  });
}

function pollSet(instance: InstanceState, set: WaitableSet, isCancellable: boolean): WaitEvent {
  if (instance.store.thread.task.takeCancellation(isCancellable)) return cancelledEvent;
  return set.hasPendingEvent ? set.takePendingEvent() : noEvent;
}

function tell(context: AbiContext, { code, index, payload }: WaitEvent, pointer: number): number {
  context.begin();
  context.checkRange(pointer, 8, 4, "event");
  context.view.setUint32(pointer, index, true);
  context.view.setUint32(pointer + 4, payload, true);
  return code;
}

function dropSet(instance: InstanceState, index: number): undefined {
  const set = setOf(instance, index);
  if (set.elements.size > 0) throw trap("cannot drop waitable set with waitables in it");
  if (set.waiting > 0) throw trap("cannot drop waitable set with waiters");
  instance.handles.remove(index);
}

function join(instance: InstanceState, index: number, set: number): undefined {
  const waitable = instance.handles.get(index);
  if (!(waitable instanceof Waitable)) throw trap("a handle is nothing to wait for");
  waitable.join(set === 0 ? undefined : setOf(instance, set));
}

function errorContextOf(instance: InstanceState, index: number): ErrorContext {
  const entry = instance.handles.get(index);
  if (entry instanceof ErrorContext) return entry;
  throw trap("a handle is not an error context");
}

function debugMessage(context: AbiContext): CoreFunction {
  return (index, pointer) => {
    const { message } = errorContextOf(context.instance, Number(index) >>> 0);
    context.begin();
    context.source = "host";
    const at = Number(pointer) >>> 0;
    context.checkRange(at, 8, 4, "message");
    const stored = storeString(context, message);
    context.view.setUint32(at, stored.pointer, true);
    context.view.setUint32(at + 4, stored.units, true);
    return undefined;
  };
}
