import type { AbiContext, CoreFunction, FlatValue } from "../abi/context.ts";
import { endOf } from "../abi/plan-channel.ts";
import type { ElementPlan } from "../abi/plan-list.ts";
import { trap } from "../abi/trap.ts";
import type { InstanceState } from "../instance/instance-state.ts";
import type { ChannelType } from "../types/types.ts";
import { Channel, ChannelEnd, copyResults, type CopyResult } from "./channel.ts";
import { GuestBuffer } from "./guest-buffer.ts";
import { BLOCKED, eventCodes, type WaitEvent } from "./waitable.ts";

type Side = "read" | "write";

function checkMayLeave(instance: InstanceState): void {
  if (!instance.mayLeave) throw trap("cannot leave component instance");
}

/** Makes a channel; both handles in one number, the one to read from in the lower half. */
export function newChannel(instance: InstanceState, type: ChannelType): CoreFunction {
  return () => {
    checkMayLeave(instance);
    const channel = new Channel(type.kind, type.element);
    const [reader, writer] = (["read", "write"] as const).map((side) =>
      instance.handles.add(new ChannelEnd(channel, type, side, instance.store)),
    );
    return BigInt(reader ?? 0) | (BigInt(writer ?? 0) << 32n);
  };
}

export function dropEnd(instance: InstanceState, type: ChannelType, side: Side): CoreFunction {
  return (handle) => {
    checkMayLeave(instance);
    const index = Number(handle) >>> 0;
    const end = endOf(instance.handles.get(index), type, side);
    end.drop();
    instance.handles.remove(index);
    return undefined;
  };
}

/** Which copy: of what type, in which direction, with the memory of which instance, and whether it waits. */
export interface TransferOptions {
  readonly type: ChannelType;
  readonly side: Side;
  readonly context: AbiContext;
  readonly elements: ElementPlan | undefined;
  readonly isAsync: boolean;
}

/** Copies elements between the guest's memory and whoever is at the other end. */
export function transfer({ type, side, context, elements, isAsync }: TransferOptions): CoreFunction {
  const { instance } = context;
  return (handle, pointer, count = 1) => {
    checkMayLeave(instance);
    const index = Number(handle) >>> 0;
    const end = endOf(instance.handles.get(index), type, side);
    if (end.state !== "idle") {
      throw trap(
        end.state === "done"
          ? `cannot ${side} after being notified that the other end dropped`
          : "cannot have concurrent operations active on a future/stream",
      );
    }
    if (end.set !== undefined && !isAsync) throw trap("waitable in a set is used synchronously");
    const buffer = new GuestBuffer(context, elements, Number(pointer) >>> 0, Number(count) >>> 0);
    end.state = "copying";
    startCopy(end, buffer, { index, instance });
    return answer(end, isAsync);
  };
}

function startCopy(end: ChannelEnd, buffer: GuestBuffer, of: { index: number; instance: InstanceState }): void {
  const { channel, side } = end;
  function tell(result: CopyResult, reclaim?: () => void): void {
    end.setPendingEvent(() => {
      reclaim?.();
      end.state = isOver(end, result) ? "done" : "idle";
      const payload = channel.kind === "stream" ? result | (buffer.progress << 4) : result;
      return { code: codeOf(end), index: of.index, payload };
    });
  }
  const copy = {
    end,
    owner: of.instance,
    buffer,
    onCopy: (reclaim: () => void) => tell(copyResults.completed, reclaim),
    onDone: (result: CopyResult) => tell(result),
  };
  if (side === "read") channel.read(copy);
  else channel.write(copy);
}

function isOver({ channel }: ChannelEnd, result: CopyResult): boolean {
  return result === copyResults.dropped || (channel.kind === "future" && result === copyResults.completed);
}

function codeOf({ channel, side }: ChannelEnd): number {
  if (channel.kind === "stream") return side === "read" ? eventCodes.streamRead : eventCodes.streamWrite;
  return side === "read" ? eventCodes.futureRead : eventCodes.futureWrite;
}

/** What happened, at once where it did, or that it goes on, or what will have happened once it did. */
function answer(end: ChannelEnd, isAsync: boolean): number | Promise<number> {
  if (end.hasPendingEvent) return end.takePendingEvent().payload;
  if (isAsync) return BLOCKED;
  return payloadOf(end.waitForEvent());
}

export function payloadOf(event: WaitEvent | Promise<WaitEvent>): number | Promise<number> {
  return event instanceof Promise ? event.then(({ payload }) => payload) : event.payload;
}

/** Ends a copy that goes on. */
export function cancelCopy(instance: InstanceState, type: ChannelType, side: Side, isAsync: boolean): CoreFunction {
  return (handle: FlatValue) => {
    checkMayLeave(instance);
    const end = endOf(instance.handles.get(Number(handle) >>> 0), type, side);
    if (end.state !== "copying" || end.hasSyncWaiter) throw trap("cannot cancel an operation that is not in progress");
    if (end.set !== undefined && !isAsync) throw trap("waitable in a set is used synchronously");
    end.state = "cancelling";
    end.channel.cancel(end);
    return answer(end, isAsync);
  };
}
