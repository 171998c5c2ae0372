import type { CoreFunction, FlatValue } from "../abi/context.ts";
import type { InstanceState } from "../instance/instance-state.ts";

/**
 * A function that core modules import and that may suspend them. V8 suspends also where the answer is no promise, so
 * a thread that is answered at once goes on before all others.
 */
export function suspendingFunction(instance: InstanceState, call: CoreFunction): CoreFunction {
  instance.maySuspend = true;
  const { store } = instance;
  const suspending = new WebAssembly.Suspending((...flat: FlatValue[]) => {
    const thread = store.current;
    const answer = call(...flat);
    return thread === undefined || answer instanceof Promise ? answer : thread.pass(answer);
  });
  // Core modules import it as any other function; only its declared type is another one.
  return suspending as unknown as CoreFunction;
}
