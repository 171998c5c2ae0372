import type { Answer, CallFamily, P1Context, PlainCall, WaitingCall } from "./context.ts";
import { errno, type Errno, errnoOf } from "./errno.ts";

/**
 * Makes the functions that a guest imports. Whatever a call throws becomes its errno here, except what is none of the
 * guest's business: the end of the guest and errors of our own, which go through it as they are.
 */
export function importsOf(
  context: P1Context,
  families: readonly CallFamily[],
): Record<string, WebAssembly.ImportValue> {
  const imports: Record<string, WebAssembly.ImportValue> = {};
  for (const { plain = {}, waiting = {} } of families) {
    for (const [name, call] of Object.entries(plain)) imports[name] = plainImport(context, call);
    for (const [name, call] of Object.entries(waiting)) imports[name] = waitingImport(context, call);
  }
  return imports;
}

function plainImport({ interrupt }: P1Context, call: PlainCall): WebAssembly.ImportValue {
  return (...values: never[]): Errno => {
    interrupt.throwIfAborted();
    try {
      return call(...values) ?? errno.success;
    } catch (thrown) {
      return errnoOrThrow(thrown);
    }
  };
}

function waitingImport(context: P1Context, call: WaitingCall): WebAssembly.ImportValue {
  const { hooks, interrupt, turn } = context;
  return new WebAssembly.Suspending((...values: never[]): Errno | Promise<Errno> => {
    interrupt.throwIfAborted();
    let result: Answer | Promise<Answer>;
    try {
      result = call(...values);
    } catch (thrown) {
      result = errnoOrThrow(thrown);
    }
    if (typeof result !== "object" && !turn.isSpent()) {
      hooks.thread?.yield();
      return result ?? errno.success;
    }
    hooks.thread?.leave();
    if (typeof result === "object") return resume(context, settle(context, result));
    return resume(context, breatheThen(context, result ?? errno.success));
  });
}

/**
 * Says that the guest gets the thread next: V8 goes on with it one microtask after this promise is settled. A guest
 * that is paused gets it later.
 */
async function resume({ hooks, interrupt }: P1Context, waiting: Promise<Errno>): Promise<Errno> {
  try {
    const result = await waiting;
    if (hooks.gate?.isClosed === true) await hooks.gate.pass(interrupt);
    return result;
  } finally {
    hooks.thread?.enter();
  }
}

async function settle(context: P1Context, pending: Promise<Answer>): Promise<Errno> {
  let result: Errno;
  try {
    result = (await pending) ?? errno.success;
  } catch (thrown) {
    result = errnoOrThrow(thrown);
  }
  context.interrupt.throwIfAborted();
  // A promise is no proof of a wait: what another guest wrote a moment ago was there in a microtask.
  return context.turn.isSpent() ? breatheThen(context, result) : result;
}

/** V8 goes on in a microtask when a call is answered at once; only this keeps timers and other guests alive. */
async function breatheThen({ interrupt, turn }: P1Context, result: Errno): Promise<Errno> {
  await turn.breathe(interrupt);
  return result;
}

function errnoOrThrow(thrown: unknown): Errno {
  const code = errnoOf(thrown);
  if (code === undefined) throw thrown;
  return code;
}
