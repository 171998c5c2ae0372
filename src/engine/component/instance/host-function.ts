import { trap, trapOf } from "../abi/trap.ts";
import { CancellableAnswer, type ComponentValue, type HostFunction, type SuspendingFunction } from "../values.ts";
import type { Store } from "../task/store.ts";
import type { Caller, StartedCall } from "../task/task.ts";
import type { FunctionItem } from "./items.ts";

type Call = (...parameters: readonly ComponentValue[]) => ComponentValue;

interface HostFunctionParts {
  readonly isAsync: boolean;
  readonly store: Store;
  /** Called before each call; what it throws ends the guest. */
  readonly beforeCall: (() => void) | undefined;
}

/** A function of the host as guests call it. */
export function hostFunctionItem(
  name: string,
  source: HostFunction | SuspendingFunction,
  parts: HostFunctionParts,
): FunctionItem {
  return parts.isAsync ? new AsyncHostFunction(name, source, parts) : new HostFunctionItem(name, source, parts);
}

class HostFunctionItem implements FunctionItem {
  readonly instance = undefined;
  readonly encoding = "host";
  readonly start: FunctionItem["start"] = undefined;
  readonly #name: string;
  readonly #call: Call;
  readonly #suspends: boolean;
  readonly #beforeCall: (() => void) | undefined;

  constructor(name: string, source: HostFunction | SuspendingFunction, { beforeCall }: HostFunctionParts) {
    this.#name = name;
    this.#suspends = typeof source !== "function";
    this.#call = callOf(source);
    this.#beforeCall = beforeCall;
  }

  maySuspend(): boolean {
    return this.#suspends;
  }

  invoke(parameters: readonly ComponentValue[]): ComponentValue {
    const result = callHost(this.#call, parameters, this.#beforeCall);
    if (!(result instanceof Promise) || this.#suspends) return result;
    throw trap(`the host's "${this.#name}" answered with a promise and is not marked as one that may`);
  }
}

class AsyncHostFunction extends HostFunctionItem {
  override readonly start: FunctionItem["start"];

  constructor(name: string, source: HostFunction | SuspendingFunction, parts: HostFunctionParts) {
    super(name, source, parts);
    const call = callOf(source);
    this.start = (caller) => startHost(call, caller, parts);
  }
}

/** What the function takes was decided by whoever wrote it for this name; values are of the types of the import. */
function callOf(source: HostFunction | SuspendingFunction): Call {
  return (typeof source === "function" ? source : source.suspending) as Call;
}

/** A function of async type answers when it answers. Only an answer that can be cancelled is, where the guest wants that. */
function startHost(call: Call, caller: Caller, { store, beforeCall }: HostFunctionParts): StartedCall {
  const result = callHost(call, caller.start(), beforeCall);
  if (result instanceof CancellableAnswer) return startCancellable(result, caller, store);
  if (result instanceof Promise) void resolveLater(result, caller, store);
  else caller.resolve(result, "returned");
  return { settling: undefined, requestCancellation: () => undefined };
}

function startCancellable({ answer, cancel }: CancellableAnswer, caller: Caller, store: Store): StartedCall {
  let isCancelled = false;
  const outcome: Caller = {
    ...caller,
    resolve: (result, how) => {
      if (!isCancelled) caller.resolve(result, how);
    },
  };
  void resolveLater(answer, outcome, store);
  return {
    settling: undefined,
    requestCancellation() {
      isCancelled = true;
      cancel();
      caller.resolve(undefined, "cancelled");
      return undefined;
    },
  };
}

async function resolveLater(answer: Promise<unknown>, caller: Caller, store: Store): Promise<void> {
  try {
    const value = await answer;
    // After the guest's end its memory may be another one's. Functions answer with values of the component model.
    if (!store.isOver) caller.resolve(value as ComponentValue, "returned");
  } catch (error) {
    store.fail(trapOf(error));
  }
}

function callHost(
  call: Call,
  parameters: readonly ComponentValue[],
  beforeCall: (() => void) | undefined,
): ComponentValue {
  try {
    beforeCall?.();
    return call(...parameters);
  } catch (error) {
    throw trapOf(error);
  }
}
