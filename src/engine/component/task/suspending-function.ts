import type { CoreFunction } from "../abi/context.ts";
import type { InstanceState } from "../instance/instance-state.ts";
import { type FlatCall, linkedFunction } from "./linked-function.ts";

/**
 * A function that core modules import and that may suspend them. V8 suspends also where the answer is no promise, so
 * a thread that is answered at once goes on before all others.
 */
export function suspendingFunction(instance: InstanceState, call: FlatCall): CoreFunction {
  instance.maySuspend = true;
  const { store } = instance;
  const linked = linkedFunction(store, (flat) => {
    const thread = store.current;
    const answer = call(flat);
    return thread === undefined || answer instanceof Promise ? answer : thread.pass(answer);
  });
  // Core modules import it as any other function; only its declared type is another one.
  return new WebAssembly.Suspending(linked) as unknown as CoreFunction;
}
