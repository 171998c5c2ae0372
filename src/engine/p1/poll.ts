import { deadlinePollable, type InputStream, type OutputStream, type Pollable } from "../host/index.ts";
import { readerOf } from "./clocks.ts";
import type { CallFamily, P1Context } from "./context.ts";
import type { Descriptor } from "./descriptor.ts";
import { errno, type Errno, errnoOf, P1Error } from "./errno.ts";
import { clockid, eventtype, structBytes } from "./layout.ts";
import { right } from "./rights.ts";

/** How many things one call may wait for: more than descriptors a guest may have, and 200 kB of its memory. */
export const subscriptionsMax = 4_096;

/** `subclockflags`: the time is a point of the clock and not a span from now. */
const clockIsAbsolute = 1;
/** `eventrwflags`: the peer has closed its side. */
const hangup = 1;

/** What an event says besides its userdata and type. */
interface Outcome {
  readonly errno: Errno;
  readonly bytes?: number;
  readonly flags?: number;
}

/** One thing a guest waits for. */
interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** What happened; `undefined` while nothing has. */
  readonly outcome: () => Outcome | undefined;
  /** What to wait on until then. */
  readonly wakes: Pollable | { readonly now: () => bigint; readonly deadlineNs: bigint };
}

/** `poll_oneoff`. */
export function pollCalls(context: P1Context): CallFamily {
  const { memory } = context;
  return {
    waiting: {
      poll_oneoff(input: number, output: number, count: number, result: number) {
        const total = count >>> 0;
        if (total === 0 || total > subscriptionsMax) {
          throw new P1Error(errno.invalid, "poll for none or too many things");
        }
        memory.writeU32(result, 0);
        memory.clear(output, total * structBytes.event);
        memory.bytes(input, total * structBytes.subscription);
        const subscriptions = Array.from({ length: total }, (_, index) =>
          readSubscription(context, input + index * structBytes.subscription),
        );
        return waitForEvents(context, subscriptions, { output, result });
      },
    },
  };
}

function waitForEvents(
  context: P1Context,
  subscriptions: readonly Subscription[],
  to: { readonly output: number; readonly result: number },
): undefined | Promise<undefined> {
  const written = writeEvents(context, subscriptions, to.output);
  if (written > 0) {
    context.memory.writeU32(to.result, written);
    return undefined;
  }
  return context.interrupt
    .whenAnyReady(pollablesOf(subscriptions))
    .then(() => waitForEvents(context, subscriptions, to));
}

/** All streams, and of the clocks only the one that is due first, so that a call never holds more than one timer. */
function pollablesOf(subscriptions: readonly Subscription[]): Pollable[] {
  const pollables: Pollable[] = [];
  let first: { now: () => bigint; deadlineNs: bigint; leftNs: bigint } | undefined;
  for (const { wakes } of subscriptions) {
    if ("isReady" in wakes) {
      pollables.push(wakes);
      continue;
    }
    const leftNs = wakes.deadlineNs - wakes.now();
    if (first === undefined || leftNs < first.leftNs) first = { ...wakes, leftNs };
  }
  if (first !== undefined) pollables.push(deadlinePollable(first.now, first.deadlineNs));
  return pollables;
}

function writeEvents({ memory }: P1Context, subscriptions: readonly Subscription[], output: number): number {
  let written = 0;
  for (const { userdata, type, outcome } of subscriptions) {
    const said = outcome();
    if (said === undefined) continue;
    const at = output + written * structBytes.event;
    memory.clear(at, structBytes.event);
    memory.writeU64(at, userdata);
    memory.writeU16(at + 8, said.errno);
    memory.writeU8(at + 10, type);
    memory.writeU64(at + 16, BigInt(said.bytes ?? 0));
    memory.writeU16(at + 24, said.flags ?? 0);
    written += 1;
  }
  return written;
}

function readSubscription(context: P1Context, at: number): Subscription {
  const { memory } = context;
  const head = { userdata: memory.readU64(at), type: memory.readU8(at + 8) };
  if (head.type !== eventtype.clock && head.type !== eventtype.fdRead && head.type !== eventtype.fdWrite) {
    throw new P1Error(errno.invalid, "poll for a kind of event that does not exist");
  }
  try {
    if (head.type === eventtype.clock) return { ...head, ...clockSubscription(context, at + 16) };
    const descriptor = context.table.get(memory.readU32(at + 16));
    descriptor.require(right.pollFdReadwrite);
    return { ...head, ...(head.type === eventtype.fdRead ? readiness(descriptor) : writability(descriptor)) };
  } catch (thrown) {
    // What is wrong with one subscription is told in its event; the others still count.
    const code = errnoOf(thrown);
    if (code === undefined) throw thrown;
    return { ...head, ...always({ errno: code }) };
  }
}

type Waiting = Pick<Subscription, "outcome" | "wakes">;

function clockSubscription({ memory, clocks }: P1Context, at: number): Waiting {
  const id = memory.readU32(at);
  const timeoutNs = memory.readU64(at + 8);
  const isAbsolute = (memory.readU16(at + 24) & clockIsAbsolute) !== 0;
  if (id !== clockid.realtime && id !== clockid.monotonic) {
    throw new P1Error(errno.notSupported, "wait for a clock that counts CPU time");
  }
  const now = readerOf(clocks, id);
  const deadlineNs = isAbsolute ? timeoutNs : now() + timeoutNs;
  return {
    outcome: () => (now() >= deadlineNs ? { errno: errno.success } : undefined),
    wakes: { now, deadlineNs },
  };
}

function readiness({ resource }: Descriptor): Waiting {
  if (resource.kind === "listener") {
    return whenReady(resource.listener.acceptable, () => ({ errno: errno.success, bytes: 1 }));
  }
  if (resource.kind === "file" || resource.kind === "directory") return always({ errno: errno.success });
  if (resource.input === undefined) throw new P1Error(errno.badDescriptor, "wait to read from a stream for writing");
  const { input } = resource;
  return whenReady(input.readable, () => readOutcome(input));
}

function writability({ resource }: Descriptor): Waiting {
  if (resource.kind === "listener") throw new P1Error(errno.notConnected, "wait to write to a listening socket");
  if (resource.kind === "file" || resource.kind === "directory") return always({ errno: errno.success });
  if (resource.output === undefined) throw new P1Error(errno.badDescriptor, "wait to write to a stream for reading");
  const { output } = resource;
  return whenReady(output.writable, () => writeOutcome(output));
}

/** Ready without bytes is the end or an error, which the read after it will tell. */
function readOutcome(input: InputStream): Outcome {
  const bytes = input.available();
  return { errno: errno.success, bytes, flags: bytes === 0 ? hangup : 0 };
}

/** A writer that waits for a reader that is gone must learn so from the write, as with POLLERR. */
function writeOutcome(output: OutputStream): Outcome {
  try {
    return { errno: errno.success, bytes: output.capacity() };
  } catch (thrown) {
    if (errnoOf(thrown) === undefined) throw thrown;
    return { errno: errno.success, flags: hangup };
  }
}

function whenReady(pollable: Pollable, outcome: () => Outcome): Waiting {
  return { outcome: () => (pollable.isReady() ? outcome() : undefined), wakes: pollable };
}

function always(outcome: Outcome): Waiting {
  return { outcome: () => outcome, wakes: { isReady: () => true, onReady: () => () => undefined } };
}
