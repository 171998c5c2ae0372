import { type HostFunction, type Supervision, suspending, type SuspendingFunction } from "../component/index.ts";
import { systemErrorCode } from "#base";
import { HostError } from "../host/index.ts";
import type { P2Context } from "./context.ts";

/** The `result` of a call as components see it. */
export type Answer<Value, Failure> =
  | { readonly tag: "ok"; readonly value?: Value }
  | { readonly tag: "err"; readonly value?: Failure };

export function ok(): { readonly tag: "ok" };
export function ok<Value>(value?: Value): { readonly tag: "ok"; readonly value?: Value };
export function ok<Value>(value?: Value): { readonly tag: "ok"; readonly value?: Value } {
  return value === undefined ? { tag: "ok" } : { tag: "ok", value };
}

export function err(): { readonly tag: "err" };
export function err<Failure>(value?: Failure): { readonly tag: "err"; readonly value?: Failure };
export function err<Failure>(value?: Failure): { readonly tag: "err"; readonly value?: Failure } {
  return value === undefined ? { tag: "err" } : { tag: "err", value };
}

/** The failure of a call that its guest is told; everything else thrown is none of its business and ends it. */
export function failureOf(thrown: unknown, action: string): HostError {
  if (thrown instanceof HostError) return thrown;
  if (systemErrorCode(thrown) === undefined) throw thrown;
  return HostError.from(thrown, action);
}

/**
 * A function that may have to wait. The stack of the guest is suspended also where the answer is there at once, so
 * the event loop gets its round when the guests of this thread have had theirs, and a paused guest stays here.
 */
export function waiting(context: P2Context, call: HostFunction): SuspendingFunction {
  const { hooks, interrupt, turn } = context;
  return suspending((...parameters) => {
    interrupt.throwIfAborted();
    const answer = call(...parameters);
    if (!(answer instanceof Promise) && !turn.isSpent()) {
      hooks.thread?.yield();
      return answer;
    }
    hooks.thread?.leave();
    return resume(context, answer);
  });
}

/** Who supervises the tasks of a component: what holds at calls that wait holds where they go on. */
export function supervisionOf(context: P2Context): Supervision {
  const { hooks, interrupt } = context;
  return {
    enter: () => hooks.thread?.enter(),
    leave: () => hooks.thread?.leave(),
    admit() {
      interrupt.throwIfAborted();
      return isFree(context) ? undefined : whenFree(context);
    },
  };
}

/** Whether a guest may go on without a word to anybody. */
export function isFree({ hooks, turn }: P2Context): boolean {
  return hooks.gate?.isClosed !== true && !turn.isSpent();
}

/** Resolves when the event loop had its round and nobody pauses the guest. */
export async function whenFree({ hooks, interrupt, turn }: P2Context): Promise<void> {
  await turn.breathe(interrupt);
  if (hooks.gate?.isClosed === true) await hooks.gate.pass(interrupt);
}

async function resume({ hooks, interrupt, turn }: P2Context, pending: unknown): Promise<unknown> {
  try {
    const answer = await pending;
    interrupt.throwIfAborted();
    // A promise is no proof of a wait: what another guest wrote a moment ago was there in a microtask.
    if (turn.isSpent()) await turn.breathe(interrupt);
    if (hooks.gate?.isClosed === true) await hooks.gate.pass(interrupt);
    return answer;
  } finally {
    hooks.thread?.enter();
  }
}
