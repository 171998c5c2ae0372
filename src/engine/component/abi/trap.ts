import { makeUncatchableError } from "../../guest/trap-error.ts";

/** The error that ends the guest where the component model's rules were broken; no handler of the guest catches it. */
export function trap(reason: string): Error {
  return makeUncatchableError(`component trap: ${reason}`);
}

/** What came out of a function of the host, as an error that ends the guest: V8's traps as they are. */
export function trapOf(thrown: unknown): unknown {
  if (thrown instanceof WebAssembly.RuntimeError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return Object.assign(makeUncatchableError(`a host call failed: ${reason}`), { cause: thrown });
}
