import type { HostFunction, HostInterface } from "../component/index.ts";
import { isFree, whenFree } from "../p2/calls.ts";
import type { P2Context } from "../p2/context.ts";

/**
 * A function of async type that is answered at once, as long as the guest leaves others their turn: one that calls it
 * in a loop is answered after a round of the event loop now and then, and a paused one when it may go on.
 */
export function prompt(context: P2Context, call: HostFunction): HostFunction {
  return (...parameters) => {
    const answer = call(...parameters);
    return isFree(context) ? answer : whenFree(context).then(() => answer);
  };
}

/** A function of 0.2 that is answered at once, to be used anew. */
export function plainFunction({ functions }: HostInterface, name: string): HostFunction {
  const source = functions[name];
  if (typeof source === "function") return source;
  throw new TypeError(`WASI 0.2 has no function "${name}" that is answered at once`);
}
