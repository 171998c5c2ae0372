import type { CoreFunction, FlatValue } from "../abi/context.ts";
import { trap } from "../abi/trap.ts";
import type { Store } from "./store.ts";

/** A function as its instance calls it, with the values that it got. */
export type FlatCall = (flat: readonly FlatValue[]) => unknown;

/** What stands between a core instance and what it imports, so that the two can be parted. */
export interface Link {
  call: FlatCall;
}

/**
 * A function that core modules import. V8 keeps an instance for as long as its memory lives, up to the next full
 * collection, and memories are used again: what all the functions of an instance refer to would live that long too.
 */
export function linkedFunction(store: Store, call: FlatCall): CoreFunction {
  return functionOf(store.link(call));
}

/** Apart from the above, since a closure keeps everything that any closure beside it refers to. */
function functionOf(link: Link): CoreFunction {
  return (...flat) => link.call(flat);
}

/** What is called once the component is no more; nothing should. */
export function callOfNobody(): never {
  throw trap("the instance is no more");
}
